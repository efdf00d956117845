/** The guide to overlays, command by command, on a whole device. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCommandLine } from "../../../studio/src/cli/run.ts";
import { root } from "../../../studio/src/commands.ts";
import { bulkheadDirectory, exampleManifest } from "../../../studio/src/locations.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../../studio/src/run/instance.ts";
import { launch, type Running } from "../../../studio/src/run/launcher.ts";

const name = "proveoverlays";
const guide = join(bulkheadDirectory, "docs/guide/overlays.md");
const passphrase = "six words that nobody guesses soon";
const silent = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };
const before = process.cwd();
let running: Running;
let scratch = "";

beforeAll(async () => {
  await mkdir(join(bulkheadDirectory, ".cache"), { recursive: true });
  scratch = await mkdtemp(join(bulkheadDirectory, ".cache/overlays-"));
  const options = { manifest: exampleManifest, port: 0, deviceNode: null, fresh: true } as const;
  running = await launch({ name, ...options, uploads: "verified" }, silent);
  await symlink(running.project.repositoryDir, join(scratch, "repository"));
  await cp(join(running.project.keysDir, "targets-1.json"), join(scratch, "targets.json"));
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
  const words = line.replace("DEVICE-ID", running.provisioning.deviceId).split(" ");
  const [verb, sub] = words;
  const opens = sub === "new" || (verb === "overlay" && sub === "sign");
  const options = [
    ...(["upload", "device", "deploy"].includes(verb ?? "") || sub === "deploy" ? ["--name", name] : []),
    ...(opens ? ["--passphrase-file", "passphrase"] : []),
    // The root of the running system is one of development keys.
    ...(sub === "overlay" || opens ? ["--development"] : []),
  ].filter((option) => !(sub === "new" && option === "--development"));
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

test("[M12] the commands of the guide do in their order what it says, and the device reports what was signed", async () => {
  const { client, provisioning } = running;
  const text = await readFile(guide, "utf8");
  const [, written = ""] = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => yaml ?? "");
  await writeFile("warmer.yaml", written.replace("DEVICE-ID", provisioning.deviceId));
  const lines = [...text.matchAll(/^ {4}bulkhead (.+)$/gm)].map(([, line]) => line ?? "");
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
