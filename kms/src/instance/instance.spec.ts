import { mkdtemp, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testUid } from "../fixtures/database.ts";
import { prepareInstance } from "./instance.ts";

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "bulkhead-instance-"));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A state directory as a root launcher makes it; its owner is the KMS, which may have been taken over since. */
async function prepared(name: string) {
  const options = { stateDir: join(scratch, name), uid: testUid };
  await prepareInstance(options);
  return { options, file: (other: string) => join(options.stateDir, other) };
}

describe.runIf(process.getuid?.() === 0)("[M2] the identity of a KMS that a root launcher prepares", () => {
  it("belongs to the KMS, but for the tunnel's private key", async () => {
    const { options, file } = await prepared("fresh");
    expect((await stat(options.stateDir)).uid).toBe(testUid);
    expect((await stat(file("instance.json"))).uid).toBe(testUid);
    expect(await stat(file("tunnel.key"))).toMatchObject({ uid: 0, mode: 0o100600 });
  });

  it("gives the KMS no file of somebody else's that it puts into its place", async () => {
    const { options, file } = await prepared("linked");
    const victim = join(scratch, "victim");
    await writeFile(victim, "root's own", { mode: 0o600 });
    await rm(file("instance.json"));
    await symlink(victim, file("instance.json"));
    await expect(prepareInstance(options)).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    expect((await stat(victim)).uid).toBe(0);
  });

  it("gives the KMS the tunnel's private key under no other name either", async () => {
    const { options, file } = await prepared("renamed");
    await rename(file("tunnel.key"), file("instance.json"));
    await expect(prepareInstance(options)).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    expect((await stat(file("instance.json"))).uid).toBe(0);
  });
});
