import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cgroupsLeft } from "./teardown.ts";

test("[S7] an empty root of ours counts as left behind, in whichever hierarchy; another system's groups do not", async () => {
  const top = await mkdtemp(join(tmpdir(), "bulkhead-hierarchies-"));
  const make = (path: string) => mkdir(join(top, path), { recursive: true });
  await make("memory/bulkhead/other-1");
  await make("cpuacct/bulkhead");
  await make("pids");
  expect(await cgroupsLeft("mine", top)).toEqual([join(top, "cpuacct/bulkhead")]);
  await make("cpuacct/bulkhead/mine");
  await make("bulkhead");
  expect((await cgroupsLeft("mine", top)).sort()).toEqual([join(top, "bulkhead"), join(top, "cpuacct/bulkhead/mine")]);
  await rm(top, { recursive: true });
});
