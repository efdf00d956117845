/** What becomes of a release that the verifier has endorsed: at once, after the trial that is under way, or not at all. */
import { reportError } from "@bulkhead/protocol";
import type { Device } from "../device/index.ts";
import type { Ledger } from "../generations/index.ts";
import type { Request } from "../processes/index.ts";
import type { Generation } from "./generation.ts";

export type Activation = {
  /** `choose`: its generation is next, in the place of `generation`, which still runs. */
  activate(generation: Generation, digest: string): Promise<"go-on" | "choose">;
  trialIsOver(): void;
};

export function createActivation(
  device: Device,
  ledger: Ledger,
  post: (request: Request<"activate">) => void,
): Activation {
  /** What was endorsed during a trial; of several, the last. */
  let waiting: Request<"activate"> | undefined;

  async function activate(generation: Generation, digest: string): Promise<"go-on" | "choose"> {
    const { current, trying } = ledger.record();
    // Asked twice: the outcome of the trial is the answer.
    if (trying?.digest === digest) return "go-on";
    if (current.digest === digest && !trying) {
      generation.tellOutcome({ releaseDigest: digest, outcome: "committed", reason: "it runs already" });
      return "go-on";
    }
    if (trying) {
      device.log.line(`release ${digest} waits until the trial of generation ${trying.generation} is over`);
      waiting = { kind: "activate", body: { releaseDigest: digest } };
      return "go-on";
    }
    try {
      await ledger.admit(digest, generation.shown());
    } catch (error) {
      const reason = reportError(error).message;
      device.log.line(`release ${digest} is not activated: ${reason}`);
      generation.tellOutcome({ releaseDigest: digest, outcome: "rolled-back", reason });
      return "go-on";
    }
    return "choose";
  }

  return {
    activate,
    // By way of the mailbox: after a roll-back it is the previous generation, once it runs, that gives way to it.
    trialIsOver() {
      if (waiting) post(waiting);
      waiting = undefined;
    },
  };
}
