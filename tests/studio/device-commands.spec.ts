/** The commands that talk to a running server, as a person gives them: real processes against one real system. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { generateSigningKey } from "@bulkhead/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { developmentRing } from "../../studio/src/keys/index.ts";
import { bulkheadDirectory, exampleManifest } from "../../studio/src/locations.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import { stateDirectory } from "../../studio/src/run/instance.ts";
import { launch, type Running } from "../../studio/src/run/launcher.ts";
import { developmentOperator, newestSigned, uploadMetadata } from "../../studio/src/run/project.ts";
import { signTargets } from "../../studio/src/sign/index.ts";
import { signOverlay } from "../releases/sign-overlay.ts";
import { bringByHand } from "./by-hand.ts";
import { checkEncrypted } from "./encrypted-release.ts";
import { reportedComponent } from "./reported.ts";
import { attemptsOf, ended } from "./takeover.ts";

const name = "clitest";
const device = "greenhouse-1";
const program = join(bulkheadDirectory, "studio/bin/bulkhead.js");
/** Stands in a bundle, and nowhere else. */
const secret = "what-only-the-devices-of-a-deployment-are-to-read";
const silent = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };
const bootMs = 90_000;
let running: Running;
let scratch = "";

beforeAll(async () => {
  // Inside the checkout, so that copies of the example find its packages.
  const base = join(bulkheadDirectory, ".cache");
  await mkdir(base, { recursive: true });
  scratch = await mkdtemp(join(base, "cli-"));
  running = await launch(
    { name, manifest: exampleManifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" },
    silent,
  );
}, bootMs);
afterAll(async () => {
  await running?.stop();
  await forget(name);
  await rm(scratch, { recursive: true, force: true });
}, bootMs);

/** A command against the system under test, with nobody at a terminal. */
const bulkhead = (...args: string[]) => plain(...args, "--name", name);
const plain = (...args: string[]) =>
  execa(process.execPath, [program, ...args], { reject: false, stdin: "ignore", timeout: 60_000 });
const id = () => running.provisioning.deviceId;
const asOperator = (...args: string[]) =>
  bulkhead(...args, "--keys", join(running.project.keysDir, "operator-1.json"), "--development");
const errorOf = (stdout: string) => JSON.parse(stdout).errors[0] as { code: string; message: string; remedy?: string };
const componentOf = (component: string) => reportedComponent(running, component);
const fails = (words: string) => ({ exitCode: 1, stderr: expect.stringContaining(words) });
const forget = (system: string) => rm(stateDirectory(system, bulkheadDirectory), { recursive: true, force: true });

describe("bulkhead device ls and show", () => {
  test("[M2] the list shows name, id, connection, release and components, in words and as JSON", async () => {
    const words = await bulkhead("device", "ls");
    expect([words.exitCode, words.stderr]).toEqual([0, ""]);
    expect(words.stdout).toMatch(
      /^greenhouse-1 +d-[0-9a-f]{16} +connected .* greenhouse [\d.]+ \(1\) +1 +(\d+) of \1 ready$/m,
    );
    const json = JSON.parse((await bulkhead("device", "ls", "--json")).stdout);
    expect(json).toMatchObject({ ok: true, devices: [{ id: running.provisioning.deviceId, name: device }] });
  });

  test("[M2] a device is found by its name, its id and the beginning of its id", async () => {
    const { deviceId } = running.provisioning;
    for (const wanted of [device, deviceId, deviceId.slice(0, 8)]) {
      const { stdout, exitCode } = await bulkhead("device", "show", wanted);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(deviceId)]);
      expect(stdout).toMatch(/^climate +ready +1 +0 +\S/m);
    }
    const json = JSON.parse((await bulkhead("device", "show", device, "--json")).stdout);
    expect(json).toMatchObject({ ok: true, device: { connected: true }, status: { generation: 1 } });
    expect(json.status.components.map((one: { name: string }) => one.name)).toContain("climate");
  });

  test("[K21] show says what each component takes, what the kernel enforces and what it declares", async () => {
    // The first report may have come while climate was still being started.
    const line = await eventually("climate's resources", 30_000, async () => {
      const { stdout } = await bulkhead("device", "show", device);
      return /^climate +[\d.]+ MiB .*$/m.exec(stdout)?.[0];
    });
    expect(line).toMatch(/^climate +[\d.]+ MiB +48 MiB +48 MiB +[\d.]+ s +weight 200 +\d+ of 32 +\d+ of 256$/);
    const json = JSON.parse((await bulkhead("device", "show", device, "--json")).stdout);
    const climate = json.resources.components.find((one: { name: string }) => one.name === "climate");
    expect(climate.enforced.memoryBytes).toBe(climate.declared.memoryBytes);
    const needs = await bulkhead("resources", exampleManifest, "--device", device);
    expect(needs.stdout).toMatch(/^climate +48Mi +[\d.]+Mi +32 +\d+ +256 +\d+ +- +- +64Ki +weight 200 +[\d.]+ s$/m);
  });

  test("[S8] an unknown device exits 1 and names those there are", async () => {
    const words = await bulkhead("device", "show", "pump");
    expect(words.exitCode).toBe(1);
    expect(words.stderr).toBe(
      `NOT_FOUND: there is no device pump\n  → there is ${device} (${running.provisioning.deviceId})`,
    );
    expect(errorOf((await bulkhead("device", "show", "pump", "--json")).stdout).code).toBe("NOT_FOUND");
  });

  test("[S8] where no server of the name runs, the error says how to start one", async () => {
    const result = await plain("device", "ls", "--name", "nobody", "--json");
    expect(result.exitCode).toBe(1);
    expect(errorOf(result.stdout)).toMatchObject({
      code: "STUDIO_UNREACHABLE",
      remedy: expect.stringContaining("bulkhead kms start"),
    });
  });

  test.each([
    [["device", "ls", "extra"], "one argument too many"],
    [["device", "logs", device, "--limit", "0"], "--limit 0 is not an integer from 1"],
    [["device", "logs", device, "--component", "../x"], "is not a name"],
    [["device", "restart", device, "climate"], "nobody can be asked"],
    [["deploy", device], "which release?"],
    [["deploy", device, "--target", "x", "--release", "y"], "which release?"],
  ])("[S8] %j is misused: exit code 2", async (args, words) => {
    const result = await bulkhead(...args);
    expect([result.exitCode, result.stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });
});

describe("bulkhead device logs", () => {
  test("[M14] the newest lines of one component, in words and as JSON", async () => {
    const words = await bulkhead("device", "logs", device, "--component", "climate", "--limit", "3");
    expect(words.exitCode).toBe(0);
    for (const line of words.stdout.split("\n")) expect(line).toMatch(/^\d{4}-\d\d-\d\d [\d:.]+ climate +[ !*] ./);
    const json = JSON.parse((await bulkhead("device", "logs", device, "--limit", "2", "--json")).stdout);
    expect(json).toMatchObject({ ok: true, lines: [{}, {}], dropped: expect.any(Number) });
  });

  test("[M14] --follow shows a line that is written later, once", async () => {
    const command = [program, "device", "logs", device, "--follow", "--json", "--limit", "1", "--name", name];
    const following = execa(process.execPath, command, { reject: false, stdin: "ignore", buffer: false });
    const seen: { id: number; text: string; component: string }[] = [];
    createInterface({ input: following.stdout }).on("line", (line) => seen.push(JSON.parse(line)));
    try {
      await eventually("the lines there are", 10_000, () => seen.length > 0 || undefined);
      const from = seen.at(-1)?.id ?? 0;
      expect((await bulkhead("device", "restart", device, "moisture", "--yes")).exitCode).toBe(0);
      await eventually(
        "a line of the new moisture",
        20_000,
        () => seen.some(({ id, component }) => id > from && component === "moisture") || undefined,
      );
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    } finally {
      following.kill("SIGTERM");
      await following;
    }
  });
});

describe("bulkhead device restart", () => {
  test("[M15] a component is restarted and the device's answer printed", async () => {
    const before = await componentOf("climate");
    const { stdout, exitCode } = await bulkhead("device", "restart", device, "climate", "--yes");
    expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^climate of greenhouse-1: ./)]);
    await eventually("climate to be ready again", 15_000, async () => {
      const now = await componentOf("climate");
      return (now.state === "ready" && now.incarnation > before.incarnation) || undefined;
    });
  });

  test("[M15] what the device refuses exits 1 with the device's own reason", async () => {
    const result = await bulkhead("device", "restart", device, "nobody", "--yes", "--json");
    expect(result.exitCode).toBe(1);
    expect(errorOf(result.stdout)).toMatchObject({
      code: "COMPONENT_UNKNOWN",
      message: expect.stringContaining("the device refused it"),
    });
  });

  test("[M15] at a terminal it asks first, and does nothing where the answer is not yes", async () => {
    const before = await componentOf("climate");
    const command = `'${process.execPath}' '${program}' device restart ${device} climate --name ${name}`;
    const result = await execa("script", ["-qec", command, "/dev/null"], { input: "n\n", reject: false });
    expect([result.exitCode, result.stdout]).toEqual([
      1,
      expect.stringContaining("Restart climate of greenhouse-1? [y/N]"),
    ]);
    expect((await componentOf("climate")).incarnation).toBe(before.incarnation);
  });
});

describe("bulkhead deploy", () => {
  const dir = (part: string) => join(scratch, part);
  const repository = () => ["--repository", running.project.repositoryDir];
  const deployment = (release: string) => ["deploy", device, "--release", dir(release), ...repository()];

  async function sign(release: string, ...more: string[]) {
    const keys = ["--keys", running.project.keysDir, "--development", ...repository()];
    expect(await plain("sign", dir(release), ...keys, ...more)).toMatchObject({ exitCode: 0, stderr: "" });
  }

  async function signAgain(...readers: string[]) {
    await sign("two", ...readers);
    const { exitCode, stdout } = await bulkhead("upload", "--release", dir("two"), ...repository());
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(", and greenhouse-2.json")]);
  }

  test("[S3] a device gets the key of its deployment by an operator's word, and by nobody else's", async () => {
    const key = dir("deployment.json");
    expect((await plain("keys", "new", key, "--role", "deployment", "--development")).exitCode).toBe(0);
    const admit = ["device", "admit", id(), "--deployment-key", key, "--yes"];
    const silent = await bulkhead(...admit);
    expect([silent.exitCode, silent.stderr]).toEqual([2, expect.stringContaining("whose word is it?")]);
    const [{ deviceKey }, { publicKey: other }] = [await running.client.device(id()), generateSigningKey()];
    const mistaken = await asOperator(...admit, "--device-key", other);
    expect(mistaken).toMatchObject(fails("DEVICE_MISMATCH"));
    const planted = { kind: "admit", deployment: "default", publicKey: other, wrapped: "A".repeat(400) } as const;
    const { id: command } = await running.client.command(id(), { command: planted, timeoutMs: 30_000 });
    const answer = await eventually("an answer", 30_000, async () =>
      (await running.client.commands(id())).find((one) => one.id === command && one.state === "refused"),
    );
    expect(answer.code).toBe("COMMAND_UNSIGNED");
    const admitted = await asOperator(...admit, "--device-key", deviceKey);
    expect([admitted.exitCode, admitted.stdout]).toEqual([0, expect.stringContaining("opens what is encrypted for")]);
  });

  test("[S4] a release that nobody signed is not uploaded; signed, the device runs it", async () => {
    // From this release on commands have to be signed, as on every board but this one: what comes below needs it.
    await cp(join(bulkheadDirectory, "manifests/greenhouse"), dir("signed"), { recursive: true });
    const manifest = dir("signed/manifest.yaml");
    await writeFile(manifest, `${await readFile(manifest, "utf8")}\nunsigned-commands: false\n`);
    const climate = dir("signed/climate/main.ts");
    await writeFile(climate, `${await readFile(climate, "utf8")}\nif (Date.now() < 0) console.log("${secret}");\n`);
    expect((await plain("build", manifest, "-o", dir("two"), "--counter", "2")).exitCode).toBe(0);
    const unsigned = await bulkhead(...deployment("two"), "--json");
    expect(unsigned.exitCode).toBe(1);
    const remedy = expect.stringContaining("bulkhead sign");
    expect(errorOf(unsigned.stdout)).toMatchObject({ code: "RELEASE_INVALID", remedy });
    await sign("two", "--recipient", dir("deployment.json"));
    const deployed = await bulkhead(...deployment("two"), "--json");
    expect([deployed.exitCode, deployed.stderr]).toEqual([0, expect.stringContaining("✓ the device starts it")]);
    expect(JSON.parse(deployed.stdout)).toMatchObject({
      ok: true,
      target: "greenhouse-2.json",
      device: { connected: true, generation: 2, release: { releaseCounter: 2 } },
    });
  });

  test("[S3] the management service stores nothing of an encrypted release that it could read", async () => {
    const looked = { before: running.release.release, secret, store: stateDirectory(name, bulkheadDirectory) };
    await checkEncrypted(running.client, { builtDir: dir("two"), ...looked });
    // The same release, signed to be readable: what comes below looks into it.
    await signAgain("--readable");
  });

  test("[S4] a release that was uploaded before is named; the device refuses the older one and says why", async () => {
    const again = await bulkhead("deploy", device, "--target", "greenhouse-2.json");
    expect([again.exitCode, again.stdout]).toEqual([0, `${device} runs greenhouse-2.json, generation 2`]);
    const older = await bulkhead("deploy", device, "--target", "greenhouse-1.json");
    expect(older).toMatchObject(fails("RELEASE_ROLLBACK: the device refused it"));
    const unknown = await bulkhead("deploy", device, "--target", "greenhouse-9.json");
    expect(unknown).toMatchObject(fails("it has greenhouse-2.json"));
    expect(unknown.stderr).toContain("bulkhead upload --release");
    expect(await bulkhead("deploy", "pump", "--target", "greenhouse-2.json")).toMatchObject(fails("bulkhead export"));
  });

  test("[M12] an overlay is put on the release: what it sets is restarted with it, and the device says what it runs", async () => {
    const { client, project } = running;
    const { digest: base, release } = (await newestSigned(project.repositoryDir)) ?? expect.unreachable();
    const field = generateSigningKey();
    const delegation = { to: { deployment: "default" }, keys: [field.publicKey], threshold: 1 };
    await signTargets(await developmentRing(project.keysDir), project.repositoryDir, { delegation });
    await uploadMetadata(client, project.repositoryDir);
    const warmer = { overlay: "warmer", values: { "climate.config.fanOnMilliC": 27_500 } };
    await signOverlay(project.repositoryDir, field, { ...warmer, deployment: "default", base }, release);
    const before = await componentOf("telemetry");
    const put = await bulkhead("overlay", "deploy", "warmer", "--deployment", "default", ...repository(), "--json");
    expect([put.exitCode, put.stderr]).toEqual([0, expect.stringContaining("✓ the device starts it")]);
    const { digest, effectiveDigest } = JSON.parse(put.stdout);
    const overlay = { name: "warmer", overlayCounter: 1, digest, effectiveDigest };
    expect(await client.device(id())).toMatchObject({ generation: 3, release: { digest: base }, overlay });
    const shown = async () => (await client.manifest(id())).manifest?.components["climate"]?.config;
    await vi.waitFor(async () => expect(await shown()).toMatchObject({ fanOnMilliC: 27_500 }), 10_000);
    // Who has nothing to do with it goes on as it was.
    expect((await componentOf("telemetry")).pid).toBe(before.pid);
  });

  test("[M11] a file brings what the service would, at the device, and what it lacks or has too much the device says", async () => {
    const means = { bulkhead, signFor: signAgain, deploymentKey: dir("deployment.json") };
    await bringByHand({ ...means, directory: dir("."), client: running.client, device, id: id() });
  });

  test("[S4] a release that does not start: the command says that the device went back, and why", async () => {
    await cp(join(bulkheadDirectory, "manifests/greenhouse"), dir("broken"), { recursive: true });
    const climate = dir("broken/climate/main.ts");
    // Only on the device: one that cannot even be loaded is refused by the build, which loads it.
    const broken = 'if (process.argv[1] === "/app/main.js") throw new Error("broken on purpose");';
    await writeFile(climate, `${await readFile(climate, "utf8")}\n${broken}\n`);
    const built = await plain("build", dir("broken/manifest.yaml"), "-o", dir("three"), "--counter", "3");
    expect(built.exitCode).toBe(0);
    await sign("three");
    const result = await bulkhead(...deployment("three"), "--json");
    expect(result.exitCode).toBe(1);
    expect(errorOf(result.stdout)).toMatchObject({
      code: "RELEASE_FAILED_TO_START",
      message: expect.stringContaining("climate"),
    });
    await eventually("the device to run release 2 and its overlay again", 30_000, async () => {
      const { connected, release, overlay, components } = await running.client.device(running.provisioning.deviceId);
      const isIt = release?.releaseCounter === 2 && overlay?.name === "warmer";
      return (connected && isIt && components?.ready === components?.total) || undefined;
    });
  });
});

describe("[M+] a device whose policy asks for an operator's signature", () => {
  test("[M15] an operator's key, and the whole id, restart a component; who it was stands at the device", async () => {
    const before = await componentOf("climate");
    const restarted = await asOperator("device", "restart", id(), "climate", "--yes");
    expect([restarted.exitCode, restarted.stdout]).toEqual([0, "climate of greenhouse-1: climate is being restarted"]);
    const { publicKey } = await developmentOperator(running.project);
    await eventually("climate to be ready again", 60_000, async () => {
      const now = await componentOf("climate");
      const isNew = now.state === "ready" && now.incarnation > before.incarnation;
      return (isNew && now.lastReason?.text.includes(`signed by operator ${publicKey}`)) || undefined;
    });
  });

  test("whoever has the management service, its database and all its keys gives no command, and the device counts each", async () => {
    const before = await componentOf("climate");
    const attempts = await attemptsOf(running);
    for (const { request, code } of attempts) {
      expect(await ended(running, request)).toMatchObject({ state: "refused", code });
    }
    // The device's own log, which the service is shown as well.
    await eventually("the device to say what it refused", 15_000, async () => {
      const { lines } = await running.client.logs(id(), { limit: 5000, component: "verifier" });
      const isTold = (code: string) =>
        lines.some(({ text }) => text.includes("refused command") && text.includes(code));
      return attempts.every(({ code }) => isTold(code)) || undefined;
    });
    expect((await componentOf("climate")).incarnation).toBe(before.incarnation);
  });
});

describe("a device that is off", () => {
  test("[M2] is shown as gone, and a command to it expires with exit code 1", async () => {
    await running.device.kill();
    await eventually("the service to miss the device", 60_000, async () => {
      const [one] = await running.client.devices();
      return one?.connected === false || undefined;
    });
    expect((await bulkhead("device", "ls")).stdout).toMatch(/greenhouse-1 .* gone, last seen/);
    const result = await asOperator("device", "restart", id(), "climate", "--yes", "--timeout", "1", "--json");
    expect(result.exitCode).toBe(1);
    expect(errorOf(result.stdout)).toMatchObject({
      code: "COMMAND_EXPIRED",
      remedy: expect.stringContaining("bulkhead device show"),
    });
  });
});

describe("bulkhead run and kms start", () => {
  test.each([
    [["kms", "start"], "clikms", []],
    [["run"], "clirun", [{ name: device, connected: true }]],
  ])("[S5] %j serves until Ctrl-C, and the other commands find it", async (command, system, devices) => {
    const server = execa(process.execPath, [program, ...command, "--name", system, "--port", "0", "--json"], {
      reject: false,
      stdin: "ignore",
      buffer: false,
      // A group of its own: what a terminal's Ctrl-C goes to.
      detached: true,
    });
    try {
      const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
      const { value } = await lines.next();
      expect(JSON.parse(value ?? "")).toMatchObject({
        ok: true,
        loginLink: expect.stringContaining("http://127.0.0.1:"),
      });
      const list = JSON.parse((await plain("device", "ls", "--name", system, "--json")).stdout);
      expect(list.devices).toMatchObject(devices);
      expect(list.devices).toHaveLength(devices.length);
      process.kill(-(server.pid ?? Number.NaN), "SIGINT");
      expect((await server).exitCode).toBe(0);
    } finally {
      server.kill("SIGTERM");
      await server;
      await forget(system);
    }
    expect((await plain("device", "ls", "--name", system)).stderr).toContain("STUDIO_UNREACHABLE");
  });

  test("[S5] a manifest that is not there is said at once, and nothing stays", async () => {
    const result = await plain("run", "--name", "clinone", "--port", "0", "--manifest", "/nowhere/manifest.yaml");
    await forget("clinone");
    expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining("FILE_UNREADABLE")]);
  });
});
