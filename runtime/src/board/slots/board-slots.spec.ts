/** Whoever decides on the slots may be wrong: what the board goes back to is not overwritten. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@bulkhead/protocol";
import { expect, onTestFinished, test } from "vitest";
import { openSlots } from "./board-slots.ts";
import { encodeRecord, recordBytes } from "./record.ts";

test("[M11] while a slot is on trial, the one that the board goes back to is not filled", async () => {
  const root = await mkdtemp(join(tmpdir(), "bulkhead-slots-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const place = (name: string) => join(root, name);
  const bytes = Buffer.alloc(4096, "new");
  const part = { digest: sha256(bytes), length: bytes.length };
  await writeFile(place(part.digest), bytes);
  for (const name of ["boot-a", "root-a", "boot-b", "root-b"]) await writeFile(place(name), Buffer.alloc(8192, name));
  await writeFile(place("state-0"), encodeRecord({ turn: "0", current: "a", trying: "b", tries: "i" }));
  await writeFile(place("state-1"), Buffer.alloc(recordBytes));
  const slots = await openSlots({
    words: `bulkhead.slot=b bulkhead.base=${"b".repeat(64)} bulkhead.trial`,
    records: async () => [place("state-0"), place("state-1")] as const,
    parts: async (slot) => ({ boot: place(`boot-${slot}`), root: place(`root-${slot}`) }),
  });
  const base = { digest: "c".repeat(64), parts: { boot: part, root: part } };
  await expect(slots?.fillOther(base, root)).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await readFile(place("boot-a"))).toEqual(Buffer.alloc(8192, "boot-a"));
});
