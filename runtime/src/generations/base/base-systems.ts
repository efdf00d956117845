/** What the ledger has the slots do: they are brought to where the generation that is next can run, filled for one that is to be tried, and made current with it. */
import { join } from "node:path";
import { type BaseStatus, type BaseSystem, BulkheadError, type Release, reportError } from "@bulkhead/protocol";
import { type BoardSlots, fullTries } from "../../board/index.ts";
import type { KeptRecord } from "../kept-record.ts";
import type { GenerationRecord, Installed, NeededBase } from "../record.ts";
import { isAbsent, mostRestarts, planBase } from "./plan.ts";
import { forgetHeld, noteArmed, noteCurrent, noteHeld, noteRestart, noteRunning, withoutArmed } from "./record.ts";

export type Whereabouts =
  | "here"
  /** The board has to start again for it; all that this needs is on the disk. */
  | { readonly restart: string }
  /** It cannot run on this board as it is. */
  | { readonly refused: string }
  /** It could, and the slots cannot be changed now: not its own fault. */
  | { readonly unable: string };

export type BaseSystems = {
  /** Where `next` can run. */
  follow(next: Installed): Promise<Whereabouts>;
  /** Why a generation that is not tried cannot run on this board, whichever of its slots is started; null where it can. */
  lacks(other: Installed): string | null;
  /**
   * What a release needs that is to be tried; its base system is in a slot then. One that names none needs what the current one named: else
   * the other slot's, which may have been withdrawn, could come back under it. `again`: it was asked for before, and how often the board was started for it is not
   * forgotten. Throws what filling the slot throws, BASE_SYSTEM_UNFIT.
   */
  take(release: Release, endorsedDir: string, again?: boolean): Promise<NeededBase | undefined>;
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

  const isInCharge = ({ generation }: Installed) => generation === kept.now().current.generation;

  async function move(next: Installed): Promise<Whereabouts> {
    const { base } = next;
    const plan = planBase(kept.now(), base, running, await slots.read(), isInCharge(next));
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
    if (isInCharge(next)) await note(noteCurrent(kept.now(), running.base));
    return "here";
  }

  /** Of a generation that may run on any base system: the one that it was put in charge on. */
  const preferred = () => (running.base === undefined ? undefined : { digest: running.base, named: false });

  async function noteHere(next: Installed): Promise<void> {
    const record = kept.now();
    const isFirst = isInCharge(next) && record.current.base === undefined;
    const noted = noteRunning(isFirst ? noteCurrent(record, running.base) : record, running);
    // While it is on trial its tries go on being counted: each comes here.
    await note(slots.isOnTrial() ? noted : withoutArmed(noted));
    // What is in charge belongs to this slot, which has come up: how its components are is for the ladder, not for the slot's tries.
    if (slots.isOnTrial() && isInCharge(next) && next.base?.named) await settle();
  }

  const settle = () => settleSlot(slots, kept, log);

  async function fill(baseSystem: BaseSystem, endorsedDir: string, again: boolean): Promise<void> {
    const { other } = running;
    if (kept.now().holds?.[other] === baseSystem.digest && (await slots.otherHolds(baseSystem))) {
      // What was tried in it before was for another trial.
      return again ? undefined : note(withoutArmed(kept.now()));
    }
    // First of all the boot script must not take it, and nobody take it for whole.
    if (slots.isOnTrial()) throw new BulkheadError("CONFLICT", `slot ${running.slot} is on trial itself`);
    const record = await slots.read();
    if (record.current !== running.slot || record.trying !== undefined) await slots.write({ current: running.slot });
    const { restarts } = kept.now();
    await kept.write({ ...forgetHeld(kept.now(), other), ...(again && restarts !== undefined && { restarts }) });
    log(`slot ${other} is filled with base system ${short(baseSystem.digest)}`);
    await slots.fillOther(baseSystem, join(endorsedDir, "base"));
    await kept.write(noteHeld(kept.now(), other, baseSystem.digest));
  }

  return {
    async follow(next) {
      try {
        return await move(next);
      } catch (error) {
        return { unable: `the board's slots cannot be changed: ${reportError(error).message}` };
      }
    },
    lacks({ base }) {
      if (!base?.named || !isAbsent(kept.now(), base, running)) return null;
      return `its base system ${short(base.digest)} is in neither slot`;
    },
    async take(release, endorsedDir, again = false) {
      const { baseSystem } = release;
      if (baseSystem === undefined) return kept.now().current.base?.named ? kept.now().current.base : preferred();
      if (baseSystem.digest !== running.base) await fill(baseSystem, endorsedDir, again);
      return { digest: baseSystem.digest, named: true };
    },
    settle,
    status: () => ({
      slot: running.slot,
      digest: running.base ?? null,
      other: kept.now().holds?.[running.other] ?? null,
      onTrial: slots.isOnTrial(),
    }),
  };
}

async function settleSlot(slots: BoardSlots, kept: KeptRecord, log: (text: string) => void): Promise<void> {
  const { slot } = slots.running;
  if (!slots.isOnTrial()) return;
  try {
    // What is in charge may be so in memory alone.
    await kept.flush();
    await slots.write({ current: slot });
    log(`slot ${slot} is the current one`);
    await kept.adopt(withoutArmed(kept.now()));
  } catch (error) {
    log(`slot ${slot} is not made the current one: ${reportError(error).message}`);
  }
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
