/**
 * Challenges for operators: random, each good for one command and a few minutes. They are in memory alone, so a verifier that was
 * restarted knows none of those before: nothing has to be written down for a signature to count at most once.
 */
import { uptime } from "node:os";
import { BulkheadError, challengeLifeMs, type OperatorWord, randomToken } from "@bulkhead/protocol";

/** Nobody needs more at a time. Who asks for more takes those of others away, and could as well carry nothing to the device. */
const maxOpen = 64;

export type Challenges = {
  give(): string;
  /** Throws COMMAND_CHALLENGE_INVALID where it is not one of ours, was used, or is older than the operator or we allow. */
  check(word: Pick<OperatorWord, "challenge" | "validMs">): void;
  /**
   * It is good for nothing any more, nor is any that was given before it: who holds commands back cannot change their order, and one
   * that an operator has given up on is over with the next that is done.
   */
  use(challenge: string): void;
};

/** `nowMs`: milliseconds of a clock that nobody sets and that goes on while the device is suspended. */
export function createChallenges(nowMs: () => number = () => uptime() * 1000): Challenges {
  const given = new Map<string, { readonly atMs: number; isUsed: boolean }>();

  function forgetOld(): void {
    for (const [challenge, { atMs }] of given) {
      if (given.size < maxOpen && nowMs() - atMs <= challengeLifeMs) return;
      given.delete(challenge);
    }
  }

  return {
    give() {
      forgetOld();
      const challenge = randomToken();
      given.set(challenge, { atMs: nowMs(), isUsed: false });
      return challenge;
    },
    check({ challenge, validMs }) {
      const found = given.get(challenge);
      if (found === undefined)
        throw invalid("the challenge is not this device's, from before its start, or a later command was done");
      if (found.isUsed) throw invalid("a command was done for this challenge already");
      const ageMs = nowMs() - found.atMs;
      if (ageMs <= Math.min(validMs, challengeLifeMs)) return;
      throw invalid(`the signature has run out: the challenge is ${Math.round(ageMs / 1000)} s old`);
    },
    use(challenge) {
      const found = given.get(challenge);
      if (found === undefined) return;
      found.isUsed = true;
      for (const [before, { isUsed }] of given) {
        if (before === challenge) return;
        if (!isUsed) given.delete(before);
      }
    },
  };
}

function invalid(message: string): BulkheadError {
  return new BulkheadError("COMMAND_CHALLENGE_INVALID", message, { remedy: "give the command again" });
}
