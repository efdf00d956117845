/**
 * A board with two slots as the paths have it: its disk is files, its boot loader the boot script's rules, and a slot comes up where it holds a base system whole that
 * does come up. What a cut has left is started until it rests: as often as a board may that has nothing wrong with it.
 */
import { constants } from "node:fs";
import { copyFile, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type BaseSystem, sha256 } from "@bulkhead/protocol";
import { chooseSlot } from "../../hardware-in-loop/target/emulated/loader/choose.ts";
import { type BoardSlots, openSlots, type SlotName } from "../../runtime/src/board/index.ts";
import { decodeRecord, encodeRecord, fullTries, recordBytes } from "../../runtime/src/board/slots/record.ts";
import type { Chosen, Ledger } from "../../runtime/src/generations/index.ts";
import { openDevice, type Releases } from "./releases.ts";

export type MadeBase = {
  readonly name: string;
  readonly system: BaseSystem;
  readonly boot: Buffer;
  readonly root: Buffer;
};

/** A base system of two blocks and of three. */
export function makeBase(name: string): MadeBase {
  const boot = Buffer.alloc(2 * 4096, `kernel of ${name};`);
  const root = Buffer.alloc(3 * 4096, `root of ${name};`);
  const part = (bytes: Buffer) => ({ digest: sha256(bytes), length: bytes.length });
  return { name, boot, root, system: { digest: sha256(name), parts: { boot: part(boot), root: part(root) } } };
}

const partBytes = 4 * 4096;
const place = (root: string, name: string) => join(root, "disk", name);
const records = (root: string) => [place(root, "state-0"), place(root, "state-1")] as const;

/** Its card as it was flashed: slot a has `base`, and is the current one. */
export async function flashDisk(root: string, base: MadeBase): Promise<void> {
  await mkdir(join(root, "disk"));
  for (const slot of ["a", "b"] as const) {
    for (const part of ["boot", "root"] as const) {
      const bytes = Buffer.alloc(partBytes);
      if (slot === "a") base[part].copy(bytes);
      await writeFile(place(root, `${part}-${slot}`), bytes);
    }
  }
  await writeFile(place(root, "state-0"), encodeRecord({ turn: "0", current: "a" }));
  await writeFile(place(root, "state-1"), Buffer.alloc(recordBytes));
}

/** As root of the board does with `slots try b`, after it has copied the slot that runs. */
export async function tryByHand(root: string): Promise<void> {
  for (const part of ["boot", "root"]) await copyFile(place(root, `${part}-a`), place(root, `${part}-b`));
  await writeFile(place(root, "state-1"), encodeRecord({ turn: "1", current: "a", trying: "b", tries: fullTries }));
}

/** What `slot` holds, whole. */
async function heldBy(root: string, slot: SlotName, bases: readonly MadeBase[]): Promise<MadeBase | undefined> {
  const [boot, tree] = [await readFile(place(root, `boot-${slot}`)), await readFile(place(root, `root-${slot}`))];
  return bases.find((base) => {
    const isThere = (held: Buffer, bytes: Buffer) => held.subarray(0, bytes.length).equals(bytes);
    return isThere(boot, base.boot) && isThere(tree, base.root);
  });
}

export type Started = { readonly slots: BoardSlots; readonly ledger: Ledger; readonly base: MadeBase };
export type BoardOptions = {
  readonly releases: Releases;
  readonly bases: readonly MadeBase[];
  /** Names of base systems that do not come up. */
  readonly broken?: readonly string[];
};

/** From power to the root server; undefined where the slot did not come up, and the board starts again. */
async function startOnce(root: string, { releases, bases, broken = [] }: BoardOptions): Promise<Started | undefined> {
  const places = records(root);
  const blocks = await Promise.all(places.map((path) => readFile(path)));
  const choice = chooseSlot([decodeRecord(blocks[0] ?? Buffer.alloc(0)), decodeRecord(blocks[1] ?? Buffer.alloc(0))]);
  if (choice.write) {
    const file = await open(places[choice.write.place], constants.O_WRONLY | constants.O_SYNC);
    await file.write(encodeRecord(choice.write.record), 0, recordBytes, 0).finally(() => file.close());
  }
  // A kernel that is not whole is not loaded: then the other slot is started, where none is on trial.
  const other = choice.slot === "a" ? "b" : "a";
  const order: readonly SlotName[] = choice.isTrial ? [choice.slot] : [choice.slot, other];
  for (const slot of order) {
    const base = await heldBy(root, slot, bases);
    if (base === undefined) continue;
    if (broken.includes(base.name)) return undefined;
    const trial = choice.isTrial ? " bulkhead.trial" : "";
    const slots = await openSlots({
      words: `quiet bulkhead.slot=${slot} bulkhead.base=${base.system.digest}${trial}`,
      records: async () => places,
      parts: async (one) => ({ boot: place(root, `boot-${one}`), root: place(root, `root-${one}`) }),
    });
    if (slots === null) throw new Error("the command line names a slot");
    return { slots, base, ledger: await openDevice(root, releases, slots) };
  }
  return undefined;
}

export type Resting = Started & { readonly next: Chosen };

/** Starts the board until a generation can start on it. `mostStarts`: nothing but a loop takes more. */
export async function startBoard(root: string, options: BoardOptions, mostStarts = 12): Promise<Resting> {
  for (let starts = 0; starts < mostStarts; starts += 1) {
    const started = await startOnce(root, options);
    if (started === undefined) continue;
    const next = await started.ledger.choose();
    if (!("restart" in next)) return { ...started, next };
  }
  throw new Error(`the board does not come to rest in ${mostStarts} starts`);
}
