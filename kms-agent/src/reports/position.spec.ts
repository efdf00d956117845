import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { openPosition } from "./position.ts";

let directory: string;
const file = () => join(directory, "log-position.json");
const bootId = () => join(directory, "boot_id");
const open = (path: string, bootIdFile?: string) =>
  openPosition({ path, schema: z.number(), beginning: -1, ...(bootIdFile && { bootIdFile }) });
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-position-"));
  await writeFile(bootId(), "first\n");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("[M8] the position in the console outlives the agent, but not a start of the host, which numbers anew", async () => {
  const first = await open(file(), bootId());
  expect(first.arrived).toBe(-1);
  first.arrived = 4711;
  await first.save();
  expect((await open(file(), bootId())).arrived).toBe(4711);
  await writeFile(bootId(), "second\n");
  expect((await open(file(), bootId())).arrived).toBe(-1);
});

test("[M8] a damaged position starts at the beginning, and one that cannot be written is no error", async () => {
  await writeFile(file(), '{"format":1,');
  const position = await open(file(), bootId());
  expect(position.arrived).toBe(-1);
  await rm(directory, { recursive: true });
  position.arrived = 1;
  await expect(position.save()).resolves.toBeUndefined();
});
