/** What becomes of a release that the verifier has endorsed: at once, after the trial that is under way, or not at all. */
import { reportError, type ToRoot } from "@bulkhead/protocol";
import type { Device } from "../device/index.ts";
import type { Ledger } from "./ledger.ts";
import { whyStillHeld } from "./mended.ts";
import { type GenerationRecord, whyBad, whyNotYet } from "./record.ts";

/** What runs, as far as an activation has to do with it. */
type Running = {
  number(): number;
  isHeld(): boolean;
  shown(): string[];
  tellOutcome(outcome: NonNullable<GenerationRecord["lastOutcome"]>): void;
  stop(reason: string): Promise<void>;
};
type Asked = ToRoot["activate"];

export type Activation = {
  /** `choose`: its generation is next, in the place of `generation`, which still runs; `stopped`: nothing runs any more. */
  activate(generation: Running, asked: Asked): Promise<"go-on" | "choose" | "stopped">;
  trialIsOver(): void;
  /** One was posted that is not dealt with yet. */
  wasPosted(): void;
  /** Another release was endorsed, under the generation before: what a commit would clear away is what it may have been told is here. */
  isAwaited(): boolean;
};

/** `post`: into the mailbox of what is to be decided. */
export function createActivation(
  device: Pick<Device, "log">,
  ledger: Pick<Ledger, "record" | "admit" | "mend">,
  post: (request: { kind: "activate"; body: Asked }) => void,
): Activation {
  /** What was endorsed during a trial; of several, the last. The verifier keeps it too, over a cut. */
  let waiting: Asked | undefined;
  let posted = 0;

  async function activate(generation: Running, asked: Asked) {
    posted = Math.max(0, posted - 1);
    const { releaseDigest: digest, again } = asked;
    const { current, trying } = ledger.record();
    // Asked twice: the outcome of the trial is the answer.
    if (trying?.digest === digest) return "go-on";
    if (trying) {
      device.log.line(`release ${digest} waits until the trial of generation ${trying.generation} is over`);
      const { again: _, ...anew } = asked;
      waiting = anew;
      return "go-on";
    }
    if (current.digest === digest) {
      if (generation.isHeld()) return heal(generation, digest, again === true);
      generation.tellOutcome({ releaseDigest: digest, outcome: "committed", reason: "it runs already" });
      return "go-on";
    }
    const failure = again ? decided(digest) : undefined;
    return failure === undefined ? admit(generation, asked) : refuse(generation, digest, failure);
  }

  /** The verifier ended before it heard what became of it. */
  function decided(digest: string): string | undefined {
    const record = ledger.record();
    return whyNotYet(record, digest, Date.now()) && whyBad(record, digest);
  }

  async function admit(generation: Running, asked: Asked): Promise<"choose" | "go-on"> {
    const { releaseDigest: digest, rollbackFrom } = asked;
    try {
      await ledger.admit(digest, { shown: generation.shown(), rollbackFrom });
      return "choose";
    } catch (error) {
      const reason = reportError(error).message;
      device.log.line(`release ${digest} is not activated: ${reason}`);
      return refuse(generation, digest, reason);
    }
  }

  /** A verifier that asks again was not told what became of it: where it was mended, and is held all the same, that is the answer. */
  async function heal(generation: Running, digest: string, again: boolean): Promise<"stopped" | "go-on"> {
    const failure = again ? whyStillHeld(ledger.record()) : undefined;
    return failure === undefined ? mend(generation, digest, again) : refuse(generation, digest, failure);
  }

  /** Nothing of a held generation runs from its release, so what is damaged of that can be exchanged below it. */
  async function mend(generation: Running, digest: string, again: boolean): Promise<"stopped" | "go-on"> {
    try {
      await ledger.mend(again);
    } catch (error) {
      const reason = reportError(error).message;
      device.log.line(`generation ${generation.number()} stays held: ${reason}`);
      return refuse(generation, digest, reason);
    }
    const reason = `generation ${generation.number()} is whole again`;
    device.log.line(reason);
    await generation.stop(reason);
    return "stopped";
  }

  function refuse(generation: Running, releaseDigest: string, reason: string): "go-on" {
    generation.tellOutcome({ releaseDigest, outcome: "rolled-back", reason });
    return "go-on";
  }

  return {
    activate,
    // By way of the mailbox: after a roll-back it is the previous generation, once it runs, that gives way to it.
    trialIsOver() {
      if (waiting) {
        posted += 1;
        post({ kind: "activate", body: waiting });
      }
      waiting = undefined;
    },
    wasPosted() {
      posted += 1;
    },
    isAwaited: () => waiting !== undefined || posted > 0,
  };
}
