/** The guide to overlays, command by command, on a whole device. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bulkheadDirectory, exampleManifest } from "../../../studio/src/locations.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { Running } from "../../../studio/src/run/launcher.ts";
import { commandsOf, type GuideDevice, openGuideDevice, passphrase, runBulkhead } from "./guide/guide-device.ts";

const name = "proveoverlays";
let device: GuideDevice | undefined;
let running: Running;

beforeAll(async () => {
  device = await openGuideDevice(name, async () => exampleManifest);
  running = device.running;
}, 180_000);
afterAll(() => device?.close(), 60_000);

/** With what the guide leaves to a person. */
function bulkhead(line: string): Promise<{ code: number; output: string }> {
  const words = line.replace("DEVICE-ID", running.provisioning.deviceId).split(" ");
  const [verb, sub] = words;
  const opens = sub === "new" || (verb === "overlay" && sub === "sign");
  const options = [
    ...(["upload", "device", "deploy"].includes(verb ?? "") || sub === "deploy" ? ["--name", name] : []),
    ...(opens ? ["--passphrase-file", "passphrase"] : []),
    // The root of the running system is one of development keys.
    ...(sub === "overlay" || opens ? ["--development"] : []),
  ].filter((option) => !(sub === "new" && option === "--development"));
  return runBulkhead([...words, ...options]);
}

test("[M12] the commands of the guide do in their order what it says, and the device reports what was signed", async () => {
  const { client, provisioning } = running;
  const text = await readFile(join(bulkheadDirectory, "docs/guide/overlays.md"), "utf8");
  const [, written = ""] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml ?? "");
  await writeFile("warmer.yaml", written.replace("DEVICE-ID", provisioning.deviceId));
  const lines = await commandsOf("overlays.md");
  expect(lines).toHaveLength(11);
  let effective = "";
  for (const line of lines) {
    await eventually(
      "the device",
      60_000,
      async () => (await client.device(provisioning.deviceId)).connected || undefined,
    );
    const { code, output } = await bulkhead(line);
    expect([line, code, code === 0 ? "" : output]).toEqual([line, 0, ""]);
    expect(output).not.toContain(passphrase);
    if (line.startsWith("overlay sign warmer")) effective = /effective digest ([0-9a-f]{64})/.exec(output)?.[1] ?? "";
    if (line.startsWith("overlay deploy")) expect(output).toContain("runs it, generation 2");
    if (line.startsWith("device show")) {
      expect(output).toContain(effective);
      expect(output).toContain("warmer (1) of default");
    }
  }
  expect(effective).not.toBe("");
  // Withdrawn: the service has it no more, and the device runs on with it until the release is put back.
  expect(await bulkhead("overlay deploy warmer --deployment default")).toMatchObject({ code: 1 });
  expect(await client.device(provisioning.deviceId)).toMatchObject({ overlay: { effectiveDigest: effective } });
  expect((await bulkhead("deploy DEVICE-ID --target greenhouse-1.json")).code).toBe(0);
  await eventually("the release as it was signed", 30_000, async () => {
    const { overlay, generation } = await client.device(provisioning.deviceId);
    return (overlay === null && generation === 3) || undefined;
  });
}, 300_000);
