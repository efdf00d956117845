/** What the ledger has the slots do: they are brought to where the generation that is next can run, filled for one that is to be tried, and made current with it. */
import { join } from "node:path";
import { type BaseStatus, type BaseSystem, BulkheadError, type Release, reportError } from "@bulkhead/protocol";
import { type BoardSlots, fullTries } from "../../board/index.ts";
import type { KeptRecord } from "../kept-record.ts";
import type { GenerationRecord, Installed, NeededBase } from "../record.ts";
import { mostRestarts, planBase } from "./plan.ts";
import { forgetHeld, noteArmed, noteCurrent, noteHeld, noteRestart, noteRunning, withoutArmed } from "./record.ts";

export type Whereabouts =
  | "here"
  /** The board has to start again for it; all that this needs is on the disk. */
  | { readonly restart: string }
  /** It cannot run on this board as it is. */
  | { readonly refused: string };

export type BaseSystems = {
  /** Where `next` can run. */
  follow(next: Installed): Promise<Whereabouts>;
  /** Why a generation that is not tried cannot run on this board, whichever of its slots is started; null where it can. */
  lacks(other: Installed): string | null;
  /** What a release needs that is to be tried; its base system is in a slot then. Throws what filling the slot throws, BASE_SYSTEM_UNFIT. */
  take(release: Release, endorsedDir: string): Promise<NeededBase | undefined>;
  /** The running slot is the current one from now on: to be called once a generation is in charge on it. Never throws. */
  settle(): Promise<void>;
  status(): BaseStatus | undefined;
};

/** `slots`: null on a board without. */
export function openBaseSystems(slots: BoardSlots | null, kept: KeptRecord, log: (text: string) => void): BaseSystems {
  return slots === null ? noSlots : onSlots(slots, kept, log);
}

function onSlots(slots: BoardSlots, kept: KeptRecord, log: (text: string) => void): BaseSystems {
  const { running } = slots;
  const note = async (next: GenerationRecord) => void (next !== kept.now() && (await kept.adopt(next)));

  async function arm(needed: NeededBase): Promise<void> {
    await slots.write({ current: running.slot, trying: running.other, tries: fullTries });
    try {
      // After the slots' record: a cut between the two gives the slot its tries once more, and never none.
      await kept.write(noteRestart(noteArmed(kept.now(), running.other, needed)));
    } catch (error) {
      await slots.write({ current: running.slot });
      throw error;
    }
  }

  async function move(next: Installed): Promise<Whereabouts> {
    const { base } = next;
    const plan = planBase(kept.now(), base, running, await slots.read());
    const what = `generation ${next.generation} needs base system ${short(base?.digest)}`;
    switch (plan) {
      case "go":
        await noteHere(next);
        return "here";
      case "arm":
      case "restart":
        await (plan === "arm" && base ? arm(base) : kept.write(noteRestart(kept.now())));
        return { restart: `${what}: slot ${running.other} is tried` };
      case "return":
        await kept.write(noteRestart(kept.now()));
        await slots.write({ current: running.other });
        return { restart: `${what}: slot ${running.slot} has another, back to ${running.other}` };
      case "failed":
        // It stays armed until another generation is in charge: asked again, this is the answer again.
        return refuse(next, `did not start: slot ${running.other} has used up its tries`);
      case "stuck":
        return refuse(next, `is in slot ${running.other}; the board was started again ${mostRestarts} times for it`);
      case "absent":
        return refuse(next, "is in neither slot");
    }
  }

  /** A generation that only happens to have been put in charge on another one runs on what there is. */
  async function refuse(next: Installed, why: string): Promise<Whereabouts> {
    const refused = `its base system ${short(next.base?.digest)} ${why}`;
    if (next.base?.named) return { refused };
    log(`generation ${next.generation} runs on another base system: ${refused}`);
    if (next.generation === kept.now().current.generation) await note(noteCurrent(kept.now(), running.base));
    return "here";
  }

  async function noteHere(next: Installed): Promise<void> {
    const record = kept.now();
    const isFirst = next.generation === record.current.generation && record.current.base === undefined;
    const noted = noteRunning(isFirst ? noteCurrent(record, running.base) : record, running);
    // While it is on trial its tries go on being counted: each comes here.
    await note(slots.isOnTrial() ? noted : withoutArmed(noted));
  }

  async function fill(baseSystem: BaseSystem, endorsedDir: string): Promise<void> {
    const { other } = running;
    if (kept.now().holds?.[other] === baseSystem.digest && (await slots.otherHolds(baseSystem))) {
      // What was tried in it before was for another trial.
      return note(withoutArmed(kept.now()));
    }
    // First of all the boot script must not take it, and nobody take it for whole.
    if (slots.isOnTrial()) throw new BulkheadError("CONFLICT", `slot ${running.slot} is on trial itself`);
    const record = await slots.read();
    if (record.current !== running.slot || record.trying !== undefined) await slots.write({ current: running.slot });
    await kept.write(forgetHeld(kept.now(), other));
    log(`slot ${other} is filled with base system ${short(baseSystem.digest)}`);
    await slots.fillOther(baseSystem, join(endorsedDir, "base"));
    await kept.write(noteHeld(kept.now(), other, baseSystem.digest));
  }

  return {
    async follow(next) {
      try {
        return await move(next);
      } catch (error) {
        return { refused: `the board's slots cannot be changed: ${reportError(error).message}` };
      }
    },
    lacks({ base }) {
      const settled = { turn: "0", current: running.slot } as const;
      if (!base?.named || planBase(kept.now(), base, running, settled) !== "absent") return null;
      return `its base system ${short(base.digest)} is in neither slot`;
    },
    async take(release, endorsedDir) {
      const { baseSystem } = release;
      if (baseSystem === undefined)
        return running.base === undefined ? undefined : { digest: running.base, named: false };
      if (baseSystem.digest !== running.base) await fill(baseSystem, endorsedDir);
      return { digest: baseSystem.digest, named: true };
    },
    async settle() {
      if (!slots.isOnTrial()) return;
      try {
        // What is in charge may be so in memory alone.
        await kept.flush();
        await slots.write({ current: running.slot });
        log(`slot ${running.slot} is the current one`);
        await note(withoutArmed(kept.now()));
      } catch (error) {
        log(`slot ${running.slot} is not made the current one: ${reportError(error).message}`);
      }
    },
    status: () => ({
      slot: running.slot,
      digest: running.base ?? null,
      other: kept.now().holds?.[running.other] ?? null,
      onTrial: slots.isOnTrial(),
    }),
  };
}

const noSlotsAtAll = "this board has no slots for a base system";

/** A board whose Linux is its maker's, or no board at all. */
const noSlots: BaseSystems = {
  follow: async ({ base }) => (base?.named ? { refused: noSlotsAtAll } : "here"),
  lacks: ({ base }) => (base?.named ? noSlotsAtAll : null),
  async take({ baseSystem }) {
    if (baseSystem === undefined) return undefined;
    throw unfit();
  },
  settle: async () => undefined,
  status: () => undefined,
};

function unfit(): BulkheadError {
  return new BulkheadError("BASE_SYSTEM_UNFIT", "the release has a base system, and this device has no slots for one", {
    remedy: "build it without --base; whoever owns this device's Linux updates that",
  });
}

const short = (digest = "") => digest.slice(0, 12);
