/** The record of slots: what the boot script reads, and what stands when the power goes while it is written. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { decodeRecord, encodeRecord, newerOf, nextTurn, recordBytes, type SlotRecord } from "./record.ts";
import { readSlots, writeSlots } from "./store.ts";

const slot = fc.constantFrom("a" as const, "b" as const);
const record: fc.Arbitrary<SlotRecord> = fc.record(
  {
    turn: fc.constantFrom("0" as const, "1" as const, "2" as const),
    current: slot,
    trying: slot,
    tries: fc.constantFrom("i" as const, "ii" as const, "iii" as const),
  },
  { requiredKeys: ["turn", "current"] },
);

let places: [string, string];
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-slots-"));
  places = [join(directory, "state-0"), join(directory, "state-1")];
  for (const place of places) await writeFile(place, Buffer.alloc(4 * recordBytes));
});
afterEach(() => rm(directory, { recursive: true }));

test("[K18] a record is U-Boot's: the checksum in front, then names and values that each end with a zero byte", () => {
  const block = encodeRecord({ turn: "1", current: "a", trying: "b", tries: "iii" });
  expect(block.subarray(4).toString("latin1").replace(/\0+$/, "\0")).toBe("turn=1\0current=a\0trying=b\0tries=iii\0");
  expect([block.length, block.at(-1)]).toEqual([recordBytes, 0]);
});

test("[K18] what was written is read; one byte of it altered, and it is none", () => {
  fc.assert(
    fc.property(record, fc.nat(recordBytes - 1), fc.integer({ min: 1, max: 255 }), (written, at, change) => {
      const block = encodeRecord(written);
      expect(decodeRecord(block)).toEqual(written);
      block[at] = (block[at] ?? 0) ^ change;
      expect(decodeRecord(block)).toBeUndefined();
    }),
  );
});

test("[K18] of two records the one whose turn comes next counts; one that is not whole counts never", () => {
  fc.assert(
    fc.property(record, record, (older, next) => {
      const newer = { ...next, turn: nextTurn(older.turn) };
      expect([newerOf(older, newer), newerOf(newer, older)]).toEqual([1, 0]);
      expect([newerOf(older, undefined), newerOf(undefined, older)]).toEqual([0, 1]);
    }),
  );
  expect(newerOf(undefined, undefined)).toBeUndefined();
});

test("[K18] each write goes over the older record, so a cut in the middle of it leaves the one before", async () => {
  let before: SlotRecord = await readSlots(places);
  expect(before.current).toBe("a");
  for (const current of ["b", "a", "b", "b", "a"] as const) {
    const images = await Promise.all(places.map((place) => readFile(place)));
    const written = await writeSlots(places, { current });
    expect(await readSlots(places)).toEqual(written);
    const changed = (await Promise.all(places.map((place) => readFile(place)))).flatMap((image, index) =>
      image.equals(images[index] ?? image) ? [] : [index],
    );
    expect(changed).toHaveLength(1);
    const [index = 0] = changed;
    const whole = await readFile(places[index] ?? "");
    // The plug is pulled after some bytes of the sector.
    await writeFile(places[index] ?? "", Buffer.concat([whole.subarray(0, 6), (images[index] ?? whole).subarray(6)]));
    expect(await readSlots(places)).toEqual(before);
    await writeFile(places[index] ?? "", whole);
    before = written;
  }
});

test("[K18] a board whose records are both gone starts slot a", async () => {
  await rm(places[0]);
  expect(await readSlots(places)).toEqual({ turn: "0", current: "a" });
});
