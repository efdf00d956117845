/** The guide for operators, command by command, on a whole device that asks for signatures: an encrypted key, and one in a token. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { carryOut } from "../../../studio/src/api/commands.ts";
import { runCommandLine } from "../../../studio/src/cli/run.ts";
import { root } from "../../../studio/src/commands.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../../studio/src/run/instance.ts";
import { launch, type Running } from "../../../studio/src/run/launcher.ts";
import { developmentOperator } from "../../../studio/src/run/project.ts";
import { attemptsOf, ended } from "../../studio/takeover.ts";
import { makeToken } from "../keys/soft-hsm.ts";

const name = "proveoperators";
const guide = join(bulkheadDirectory, "docs/guide/operators.md");
const passphrase = "six words that nobody guesses soon";
const silent = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };
const before = process.cwd();
let running: Running;
let scratch = "";
let module = "";

beforeAll(async () => {
  // Inside the checkout, so that the copy of the example finds its packages.
  await mkdir(join(bulkheadDirectory, ".cache"), { recursive: true });
  scratch = await mkdtemp(join(bulkheadDirectory, ".cache/operators-"));
  const system = join(scratch, "system");
  await cp(join(bulkheadDirectory, "manifests/greenhouse"), system, { recursive: true });
  const manifest = join(system, "manifest.yaml");
  await writeFile(manifest, `${await readFile(manifest, "utf8")}\nunsigned-commands: false\n`);
  running = await launch({ name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" }, silent);
  await symlink(running.project.repositoryDir, join(scratch, "repository"));
  await cp(join(running.project.keysDir, "targets-1.json"), join(scratch, "targets.json"));
  module = await makeToken(scratch, "bob", passphrase);
  await writeFile(join(scratch, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
  process.chdir(scratch);
}, 180_000);
afterAll(async () => {
  process.chdir(before);
  await running?.stop();
  await rm(stateDirectory(name, bulkheadDirectory), { recursive: true, force: true });
  await rm(scratch, { recursive: true, force: true });
}, 60_000);

/** Runs `bulkhead` in this process, with what the guide leaves to a person; its exit code and what it printed. */
async function bulkhead(line: string): Promise<{ code: number; output: string }> {
  const { deviceId } = running.provisioning;
  const words = line.replace("DEVICE-ID", deviceId).replace("TOKEN-MODULE", module).split(" ");
  const [verb, sub] = words;
  const options = [
    ...(verb === "upload" || verb === "device" ? ["--name", name] : []),
    ...(sub === "new" || verb === "device" ? ["--passphrase-file", "passphrase"] : []),
    ...(sub === "restart" ? ["--yes"] : []),
    // The targets key is the running system's.
    ...(sub === "operators" ? ["--development"] : []),
  ];
  let output = "";
  const take = (text: unknown) => {
    output += String(text);
    return true;
  };
  const taken = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockImplementation(take));
  const code = await runCommandLine(root, [...words, ...options]);
  for (const one of taken) one.mockRestore();
  return { code, output };
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
  const lines = [...(await readFile(guide, "utf8")).matchAll(/^ {4}bulkhead (.+)$/gm)].map(([, line]) => line ?? "");
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
