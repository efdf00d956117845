/**
 * A release brought to a device in a file: the one that it runs with an overlay, as it was signed and encrypted, with the overlay again, and what is
 * refused.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import type { StudioClient } from "../../studio/src/api/client.ts";

export type Hand = {
  readonly bulkhead: (...args: string[]) => Promise<{ exitCode?: number; stdout: string }>;
  readonly directory: string;
  readonly client: StudioClient;
  readonly device: string;
  readonly id: string;
  /** Signs `greenhouse-2.json` anew, to be read by these, and gives it to the service. */
  readonly signFor: (...readers: string[]) => Promise<void>;
  readonly deploymentKey: string;
};

/** The device runs `greenhouse-2.json` with the overlay `warmer`. */
export async function bringByHand({
  bulkhead,
  directory,
  client,
  device,
  id,
  signFor,
  deploymentKey,
}: Hand): Promise<void> {
  const at = (name: string) => join(directory, `${name}.bulkhead`);
  const write = async (name: string, ...args: string[]) => {
    const { exitCode, stdout } = await bulkhead("export", ...args, "-o", at(name), "--json");
    expect([name, exitCode]).toEqual([name, 0]);
    return JSON.parse(stdout);
  };
  const bring = async (name: string, ...meant: string[]) => {
    const { exitCode, stdout } = await bulkhead("device", "import", device, at(name), ...meant, "--json");
    return [name, exitCode, JSON.parse(stdout.split("\n").at(-1) ?? "")];
  };
  const put = ["--overlay", "warmer", "--deployment", "default"];
  const whole = await write("whole", "greenhouse-2.json");
  expect(whole).toMatchObject({ target: "greenhouse-2.json", digest: whole.releaseDigest, leftOut: 0 });
  const less = await write("less", "greenhouse-2.json", ...put, "--only-missing", device);
  expect(less).toMatchObject({ artifacts: 0, digest: less.effectiveDigest, overlay: { digest: expect.any(String) } });
  await write("older", "greenhouse-1.json");
  const bytes = await readFile(at("whole"));
  await writeFile(at("cut"), bytes.subarray(0, bytes.length - 1000));

  const generation = async () => (await client.device(id)).generation ?? 0;
  const before = await generation();
  const refused = (code: string) => ({ event: "refused", code });
  expect(await bring("older")).toMatchObject(["older", 1, refused("RELEASE_ROLLBACK")]);
  expect(await bring("cut")).toMatchObject(["cut", 1, refused("EXPORT_INVALID")]);
  expect(await bring("whole", "--digest", less.digest)).toMatchObject(["whole", 1, refused("EXPORT_INVALID")]);
  expect(await bring("none")).toMatchObject(["none", 1, refused("FILE_UNREADABLE")]);
  expect(await generation()).toBe(before);
  // Each is a generation of its own, as when the service brings them.
  const committed = { event: "outcome", outcome: "committed" };
  await signFor("--recipient", deploymentKey);
  const sealed = await write("sealed", "greenhouse-2.json");
  expect(sealed).toMatchObject({ digest: whole.digest, envelope: expect.stringMatching(/^[0-9a-f]{64}$/), leftOut: 0 });
  expect(await bring("sealed", "--digest", whole.digest)).toMatchObject(["sealed", 0, committed]);
  const again = await write("again", "greenhouse-2.json", ...put, "--only-missing", device);
  expect(again).toMatchObject({ artifacts: 0, leftOut: sealed.artifacts, digest: less.digest });
  expect(await bring("again", "--digest", less.digest)).toMatchObject(["again", 0, committed]);
  await signFor("--readable");
  await vi.waitFor(async () => {
    const now = await client.device(id);
    expect([now.generation, now.overlay?.name]).toEqual([before + 2, "warmer"]);
  }, 30_000);
}
