/** The place of a record, on the real kernel. Needs root. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainComponent } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import { createRecordings } from "./recordings.ts";

test("[K+] a process whose sandbox was built before the place of the record is not told to write there", async () => {
  const root = await mkdtemp(join(tmpdir(), "bulkhead-records-"));
  const recordings = createRecordings(root, () => null);
  let begun = 0;
  try {
    const prepared = recordings.prepare("one", plainComponent({}), null, () => begun++);
    expect([recordings.mounts("one"), recordings.settings("one")]).toEqual([[], {}]);
    const { maxBytes } = await prepared;
    expect(recordings.settings("one")).toEqual({});
    expect(recordings.mounts("one")).toMatchObject([{ kind: "rw", source: join(root, "one") }]);
    expect(begun).toBe(0);
    expect(recordings.settings("one")).toEqual({ record: { maxBytes } });
    expect([begun, recordings.mounts("one"), recordings.settings("one")]).toEqual([1, [], {}]);
  } finally {
    await recordings.remove("one");
    await rm(root, { recursive: true, force: true });
  }
});
