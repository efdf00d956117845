import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findKept, forgetSystem } from "./forget.ts";
import { claimInstance } from "./instance.ts";
import { nameOf } from "./options.ts";
import { checkState } from "./state.ts";

/** Stands for a checkout, whose systems are nobody else's. */
let checkout: string;
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), "bulkhead-checkout-"));
});
afterEach(() => rm(checkout, { recursive: true }));

async function keep(name: string) {
  const { stateDir, release } = await claimInstance(name, checkout);
  await mkdir(join(stateDir, "kms/deep"), { recursive: true });
  await writeFile(join(stateDir, "kms/deep/root.json"), "a root");
  return { stateDir, release };
}

test("[S8] a system that runs is not forgotten; one that has ended is, and no other", async () => {
  const [first, other] = [await keep("first"), await keep("other")];
  try {
    await expect(forgetSystem("first", checkout)).rejects.toMatchObject({
      ...{ code: "ALREADY_RUNNING", remedy: "end it first, with Ctrl-C where it was started" },
    });
    expect(existsSync(join(first.stateDir, "kms/deep/root.json"))).toBe(true);
    await first.release();
    expect(await findKept("first", checkout)).toBe(first.stateDir);
    await forgetSystem("first", checkout);
    expect(existsSync(first.stateDir)).toBe(false);
    await expect(findKept("first", checkout)).rejects.toMatchObject({ code: "NOT_FOUND", remedy: "there is other" });
  } finally {
    await other.release();
    for (const { stateDir } of [first, other]) await rm(stateDir, { recursive: true, force: true });
  }
});

test("[S8] where nothing was started there is nothing to forget", async () => {
  await expect(findKept("first", checkout)).rejects.toMatchObject({
    ...{ code: "NOT_FOUND", remedy: "nothing was started from this checkout" },
  });
});

test("[S8] what cannot be read of a system names the command that forgets it, and what is no name is not taken for an option", async () => {
  await writeFile(join(checkout, "state.json"), "{");
  const checked = checkState(checkout, { fresh: false, name: "first" });
  await expect(checked).rejects.toMatchObject({
    ...{ code: "STATE_DAMAGED", remedy: expect.stringContaining("`bulkhead forget first`") },
  });
  expect(() => nameOf("../x", "the system")).toThrow("the system ../x is not a name");
});
