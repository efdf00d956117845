/** Who may give a command: enough operators by their signatures over a challenge of ours, or anybody where the policy waives that. */
import { BulkheadError, type CommandEnvelope, type OperatorWord } from "@bulkhead/protocol";
import type { Challenges } from "./challenges.ts";
import type { VerifierConfig } from "./config.ts";
import { operatorsIn, signersOf } from "./operators.ts";

export type CommandAuthority = {
  /** What an operator is to sign next. */
  ask(): { readonly challenge: string };
  /**
   * The keys of the operators who gave the command; none where it is not signed and need not be. Throws COMMAND_UNSIGNED,
   * COMMAND_CHALLENGE_INVALID, COMMAND_SIGNATURE_INVALID, OPERATOR_UNKNOWN, RELEASE_METADATA_EXPIRED.
   */
  check(envelope: CommandEnvelope, policy: Pick<VerifierConfig, "unsignedCommands">): Promise<string[]>;
  /** The signatures that were checked are used up. */
  use(word: OperatorWord): void;
};

/** `targets`: the newest trusted ones. `now`: the clock by which they expire. */
export function createCommandAuthority(
  challenges: Challenges,
  targets: () => Promise<string | undefined>,
  now: () => number,
): CommandAuthority {
  return {
    ask: () => ({ challenge: challenges.give() }),
    async check(envelope, { unsignedCommands }) {
      const { signed } = envelope;
      if (signed === undefined) {
        // Nobody but an operator says which key is the deployment's: else the service would give out one of its own.
        if (unsignedCommands && envelope.command.kind !== "admit") return [];
        throw new BulkheadError("COMMAND_UNSIGNED", "this command takes an operator's signature", {
          remedy: "give --keys with an operator's key; docs/guide/operators.md",
        });
      }
      // The cheap look first: whoever sends many has nothing verified for it.
      challenges.check(signed);
      return signersOf(envelope, signed, operatorsIn(await targets(), now()));
    },
    use: ({ challenge }) => challenges.use(challenge),
  };
}
