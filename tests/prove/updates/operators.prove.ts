/** The guide for operators, command by command, on a whole device that asks for signatures: an encrypted key, and one in a token. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { carryOut } from "../../../studio/src/api/commands.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { Running } from "../../../studio/src/run/launcher.ts";
import { developmentOperator } from "../../../studio/src/run/project.ts";
import { attemptsOf, ended } from "../../studio/takeover.ts";
import { makeToken } from "../keys/soft-hsm.ts";
import { commandsOf, type GuideDevice, openGuideDevice, passphrase, runBulkhead } from "./guide/guide-device.ts";

const name = "proveoperators";
let device: GuideDevice | undefined;
let running: Running;
let module = "";

beforeAll(async () => {
  device = await openGuideDevice(name, writeSystem);
  running = device.running;
  module = await makeToken(device.scratch, "bob", passphrase);
}, 180_000);
afterAll(() => device?.close(), 60_000);

/** The example, on a board whose policy asks for signatures. */
async function writeSystem(scratch: string): Promise<string> {
  const system = join(scratch, "system");
  await cp(join(bulkheadDirectory, "manifests/greenhouse"), system, { recursive: true });
  const manifest = join(system, "manifest.yaml");
  await writeFile(manifest, `${await readFile(manifest, "utf8")}\nunsigned-commands: false\n`);
  return manifest;
}

/** With what the guide leaves to a person. */
function bulkhead(line: string): Promise<{ code: number; output: string }> {
  const { deviceId } = running.provisioning;
  const words = line.replace("DEVICE-ID", deviceId).replace("TOKEN-MODULE", module).split(" ");
  const [verb, sub] = words;
  return runBulkhead([
    ...words,
    ...(verb === "upload" || verb === "device" ? ["--name", name] : []),
    ...(sub === "new" || verb === "device" ? ["--passphrase-file", "passphrase"] : []),
    ...(sub === "restart" ? ["--yes"] : []),
    // The targets key is the running system's.
    ...(sub === "operators" ? ["--development"] : []),
  ]);
}

async function incarnation(): Promise<number> {
  return eventually("climate to be ready", 30_000, async () => {
    const { status } = await running.client.status(running.provisioning.deviceId);
    const climate = status?.components.find((one) => one.name === "climate");
    return climate?.state === "ready" ? climate.incarnation : undefined;
  });
}

test("[M+] whoever has the management service and all its keys gives no command", async () => {
  const { client, project, provisioning } = running;
  await carryOut(client, provisioning.deviceId, { kind: "report" }, 60_000, [await developmentOperator(project)]);
  const first = await incarnation();
  for (const { request, code } of await attemptsOf(running)) {
    expect(await ended(running, request)).toMatchObject({ state: "refused", code });
  }
  expect(await incarnation()).toBe(first);
}, 300_000);

test("[M15] [M+] the commands of the guide do in their order what it says, and who is not named gives no command", async () => {
  const lines = await commandsOf("operators.md");
  expect(lines.filter((line) => line.startsWith("device restart"))).toHaveLength(2);
  const first = await incarnation();
  let restarts = 0;
  for (const line of lines) {
    if (line.endsWith("--keys operators")) {
      for (const key of ["alice.json", "bob.json"]) await cp(key, join("operators", key));
      const alone = await bulkhead("device restart DEVICE-ID climate --keys bob.json");
      expect([alone.code, alone.output]).toEqual([1, expect.stringContaining("COMMAND_SIGNATURE_INVALID")]);
    }
    const { code, output } = await bulkhead(line);
    expect([line, code, code === 0 ? "" : output]).toEqual([line, 0, ""]);
    expect(output).not.toContain(passphrase);
    if (!line.startsWith("device restart")) continue;
    restarts += 1;
    await eventually(
      "climate to be another",
      30_000,
      async () => (await incarnation()) === first + restarts || undefined,
    );
  }
  // Taken back: the device looks before it gives the next challenge.
  const gone = await bulkhead("device restart DEVICE-ID climate --keys bob.json");
  expect([gone.code, gone.output]).toEqual([1, expect.stringContaining("OPERATOR_UNKNOWN")]);
  expect(await bulkhead("device verify DEVICE-ID --keys alice.json")).toMatchObject({ code: 0 });
  expect(await incarnation()).toBe(first + restarts);
}, 300_000);
