import { describe, expect, test } from "vitest";
import type { StudioClient } from "../api/client.ts";
import { type Deployment, deploy } from "./deploy.ts";

const wanted = "a".repeat(64);
const earlier = "b".repeat(64);
const progress = { step: <T>(_text: string, work: () => Promise<T>) => work(), note: () => undefined };

/** A service whose device reports these updates, one a look, and runs the wanted release after the last. */
function serviceWith(
  updates: { state: string; reason: string; releaseDigest?: string }[],
  overlay: { digest: string } | null = null,
): StudioClient {
  const finished = { id: "1", state: "done", finishedAtMs: 1, code: null, message: null };
  const device = () => ({
    connected: true,
    components: { total: 1, ready: 1, failed: 0 },
    // With an overlay: the release runs already, and the overlay comes.
    release: { digest: updates.length === 0 || overlay ? wanted : earlier },
    overlay: updates.length === 0 ? overlay : null,
  });
  return {
    status: async () => ({
      status: { update: updates.shift() ?? { state: "committed", reason: "" } },
      receivedAtMs: 2,
    }),
    device: async () => device(),
    command: async () => finished,
    commands: async () => [finished],
  } as unknown as StudioClient;
}

const start = (client: StudioClient, more: Partial<Deployment> = {}) =>
  deploy(client, { deviceId: "d-1", target: "t", releaseDigest: wanted, timeoutMs: 1000, ...more }, progress);
const idle = { state: "idle", reason: "" };

describe("[M11] a deployment", () => {
  test("is not over because an earlier release was rolled back", async () => {
    const old = { state: "rolled-back", reason: "crashed", releaseDigest: earlier };
    await expect(start(serviceWith([idle, old, old]))).resolves.toMatchObject({ release: { digest: wanted } });
  });

  test("fails with the device's reason where this release was rolled back", async () => {
    const failed = { state: "rolled-back", reason: "climate exited with code 1", releaseDigest: wanted };
    await expect(start(serviceWith([idle, failed, failed]))).rejects.toMatchObject({
      code: "RELEASE_FAILED_TO_START",
      message: expect.stringContaining("climate exited with code 1"),
    });
  });

  test("with an overlay is over when the device runs the two, and fails by the digest of the two", async () => {
    const overlay = { target: "o", digest: "c".repeat(64), effectiveDigest: "d".repeat(64) };
    const trying = { state: "trying", reason: "", releaseDigest: overlay.effectiveDigest };
    const runs = start(serviceWith([idle, trying, trying], { digest: overlay.digest }), { overlay });
    await expect(runs).resolves.toMatchObject({ overlay: { digest: overlay.digest } });
    const failed = { state: "rolled-back", reason: "it is too warm", releaseDigest: overlay.effectiveDigest };
    await expect(start(serviceWith([idle, failed]), { overlay })).rejects.toMatchObject({
      code: "RELEASE_FAILED_TO_START",
      message: expect.stringContaining("it is too warm"),
    });
  });
});
