import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { toSession } from "../replay/turns.ts";
import type { Entry } from "./entry.ts";
import { createRecordFile, readRecord } from "./record-file.ts";

const header: Entry = ["header", { format: 1, component: "lamp", createdMs: 0, node: "v20.19.0", timeZone: "UTC" }];
const start = {
  ...{ protocol: 1, component: "lamp", role: "application", incarnation: 1, generation: 1, heartbeatMs: 1000 },
  ...{ uses: [], provides: [], config: {} },
};
const first: Entry = ["in", 0, false, ["control", "start", start]];
const line = (text: string): Entry => ["out", ["log", text]];
const entries: Entry[] = [header, first, line("one"), ["value", "random", 0.5], line("two"), ["out", ["exit", 0]]];

function write(what: readonly Entry[], maxBytes = 1 << 20): { path: string; bytes: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), "bulkhead-record-file-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "record");
  const file = createRecordFile(path, maxBytes);
  for (const entry of what) file.append(entry);
  file.close();
  return { path, bytes: readFileSync(path) };
}

/** Where each entry of a record begins. */
function beginnings(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) found.push(at);
  return found;
}

const damaged = expect.objectContaining({ code: "RECORD_DAMAGED" });
const reading = (bytes: Uint8Array) => () => toSession(readRecord(bytes));

describe("[K+] the file of a record", () => {
  test("gives back what was written, and only its owner may read it", () => {
    const { path, bytes } = write(entries);
    expect(readRecord(bytes)).toEqual(entries);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("that is cut between two entries is one that was cut off; anywhere else it is damaged", () => {
    const { bytes } = write(entries);
    const whole = beginnings(bytes);
    fc.assert(
      fc.property(fc.integer({ min: whole[2] ?? 0, max: bytes.length - 1 }), (at) => {
        if (whole.includes(at)) expect(reading(bytes.subarray(0, at))()).toMatchObject({ ended: "cut" });
        else expect(reading(bytes.subarray(0, at))).toThrow(damaged);
      }),
    );
  });

  test("with any byte altered is damaged", () => {
    const { bytes } = write(entries);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = Buffer.from(bytes);
        altered[at] = (altered[at] ?? 0) ^ change;
        expect(reading(altered)).toThrow(damaged);
      }),
    );
  });

  test("without one of its entries, or with one twice, is damaged", () => {
    const { bytes } = write(entries);
    const [, , third = 0, fourth = 0] = beginnings(bytes);
    expect(reading(Buffer.concat([bytes.subarray(0, third), bytes.subarray(fourth)]))).toThrow(damaged);
    expect(reading(Buffer.concat([bytes.subarray(0, fourth), bytes.subarray(third)]))).toThrow(damaged);
  });

  test("says which entry is damaged, and what to do", () => {
    const { bytes } = write(entries);
    expect(reading(bytes.subarray(0, bytes.length - 1))).toThrow(
      expect.objectContaining({
        message: "entry 5 of the record is damaged: the file ends in the middle of it",
        remedy: "copy the file again, in binary, after the component has ended",
      }),
    );
    expect(reading(Buffer.alloc(0))).toThrow("entry 0 of the record is damaged");
  });

  test.each<[string, Entry[]]>([
    ["without a start message", [header, ["in", 0, false, ["timer", 0]]]],
    ["with something before it", [header, line("early"), first]],
    ["with a second header", [header, first, header]],
    ["that goes on after the exit", [...entries, line("late")]],
    ["of another version", [["header", { ...(header[1] as object), format: 2 }] as never, first]],
  ])("%s is refused", (_what, wrong) => {
    expect(reading(write(wrong).bytes)).toThrow(damaged);
  });

  test("never grows beyond its bound, and says that it was reached", () => {
    const many = [header, first, ...Array.from({ length: 500 }, (_, i) => line(`line ${i}`))];
    for (const maxBytes of [600, 1000, 4096]) {
      const { bytes } = write(many, maxBytes);
      expect(bytes.length).toBeLessThanOrEqual(maxBytes);
      expect(toSession(readRecord(bytes)).ended).toBe("full");
    }
  });
});
