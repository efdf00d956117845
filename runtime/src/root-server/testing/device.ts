/** A device for specs: a disk with releases of fake components, and its root server in a world of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { constants, openSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  type Channel,
  type Component,
  canonicalJson,
  type Provisioning,
  type Release,
  type System,
  sha256,
} from "@bulkhead/protocol";
import { plainChannel, plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { execa } from "execa";
import { installFactoryRelease, treeDigest } from "../../generations/index.ts";
import { childrenOf, removeCgroups, untilEnded } from "../../sandbox/index.ts";
import { type Fake, fakes } from "./fake-components.ts";

/** How long a spec waits for what must come; an emulated board is some twenty times as slow. */
export const patienceMs = process.env["BULKHEAD_GUEST"] === "1" ? 600_000 : 60_000;

export type Sketch = {
  readonly fake: Fake;
  /** Its bundle, in the place of the fake's. */
  readonly program?: string;
  /** What lies beside the bundle. Default: it is a module of ECMAScript, as the fakes are. */
  readonly packageJson?: string;
  /** The service, and the interface, that its clients are given. */
  readonly service?: string;
  /** What its channels grant it. */
  readonly grant?: Channel["grant"];
  readonly strong?: readonly string[];
  readonly weak?: readonly string[];
  readonly restart?: Partial<Component["restart"]>;
  readonly core?: boolean;
  readonly more?: Partial<Component>;
};
export type SystemSketch = Readonly<Record<string, Sketch>>;
/** Of a whole system. */
type Terms = Pick<System, "update">;

const moduleJson = '{"type":"module"}\n';
const key = "A".repeat(43);
const provisioning: Provisioning = {
  format: 1,
  deviceId: "d-0123456789abcdef",
  name: "spec",
  deviceKey: key,
  tunnelKey: key,
  kms: {
    instanceKey: key,
    tunnelKey: key,
    endpoint: { host: "198.18.0.1", port: 51820 },
    address: "fd00:1:2::1",
    proxies: { mqtt: 7002 },
  },
  addressPrefix: "fd00:1:2:0:0:0:1:0",
  tufRoot: "{}",
};

const core: SystemSketch = {
  "message-server": { fake: "messageServer", core: true },
  verifier: { fake: "verifier", core: true },
};

/** Writes a release of fakes to `into`: `release.json` and `artifacts/<digest>`. */
async function writeRelease(
  into: string,
  sketch: SystemSketch,
  releaseCounter: number,
  terms: Terms = {},
  securityEpoch = 0,
): Promise<Release> {
  const all: SystemSketch = { ...core, ...sketch };
  const artifacts = new Map<string, { digest: string; length: number }>();
  const components: System["components"] = {};
  for (const [name, { fake, program = fakes[fake], packageJson = moduleJson, ...sketched }] of Object.entries(all)) {
    const { restart, more, core: isCore } = sketched;
    const building = join(into, "artifacts", "building");
    await mkdir(building, { recursive: true });
    await writeFile(join(building, "main.js"), program);
    await writeFile(join(building, "package.json"), packageJson);
    const artifact = await treeDigest(building);
    await rm(join(into, "artifacts", artifact.digest), { recursive: true, force: true });
    await rename(building, join(into, "artifacts", artifact.digest));
    if (!isCore) artifacts.set(artifact.digest, artifact);
    const image = isCore ? { core: name } : { artifact: artifact.digest, source: fake };
    components[name] = { ...sketchComponent(image, restart), role: isCore ? "core" : "application", ...more };
  }
  const system = { ...sketchSystem(all, components), ...terms };
  const release: Release = {
    format: 1,
    name: "spec",
    version: `1.0.${releaseCounter}`,
    releaseCounter,
    securityEpoch,
    board: "virtual",
    builtAtMs: 0,
    system,
    artifacts: [...artifacts.values()],
  };
  await writeFile(join(into, "release.json"), canonicalJson(release));
  return release;
}

function sketchComponent(image: Component["image"], restart: Sketch["restart"]): Component {
  const backoff = { initialMs: 50, factorPercent: 200, maxMs: 1000 };
  const plain = plainComponent({ image, config: { greeting: "hello" } });
  return {
    ...plain,
    memoryBytes: 48 * 1024 * 1024,
    restart: { ...plain.restart, backoff, escalate: "group", ...restart },
    heartbeat: { periodMs: 500, missed: 3 },
    stopMs: 1000,
  };
}

function sketchSystem(sketch: SystemSketch, components: System["components"]): System {
  const channels = Object.entries(sketch).flatMap(([client, { strong = [], weak = [], grant = {} }]) =>
    [...strong, ...weak].map((provider) =>
      plainChannel({
        client,
        name: `to-${provider}`,
        provider,
        grant,
        ...(sketch[provider]?.service && { service: sketch[provider].service, interface: sketch[provider].service }),
        dependency: strong.includes(provider) ? "strong" : "weak",
      }),
    ),
  );
  return plainSystem({ system: "spec", components, channels });
}

export type SpecDevice = Awaited<ReturnType<typeof makeDevice>>;

/** A flashed device, not started. `uidBase` null: one uid for all. */
export function makeDevice(instance: string, sketch: SystemSketch, uidBase: number | null = 700_000, site: Site = {}) {
  const write = async (into: string, platformDir: string) => {
    await writeServers(platformDir, sketch);
    return writeRelease(into, sketch, 1);
  };
  return flashDevice(instance, write, uidBase, site);
}

/** Where the device is: the name of its gateway, and whom it may ask for it and for the time. */
type Site = {
  readonly name?: string;
  readonly resolvers?: readonly string[];
  readonly timeServers?: readonly string[];
  /** Another than the virtual one: drivers get the nodes of its devices. */
  readonly board?: string;
  /** Executes its components, in the place of the Node that executes this. */
  readonly node?: string;
};

/** The core servers of a sketch are part of the installed runtime. */
async function writeServers(platformDir: string, sketch: SystemSketch): Promise<void> {
  for (const [name, { fake, core: isCore }] of Object.entries(sketch)) {
    if (!isCore) continue;
    await mkdir(join(platformDir, "core", name), { recursive: true });
    await writeFile(join(platformDir, "core", name, "main.js"), fakes[fake]);
    await writeFile(join(platformDir, "core", name, "package.json"), moduleJson);
  }
}

/** The same with a release that `write` lays down: `artifacts/<digest>`, and runtimes of other runners into the platform. */
export async function flashDevice(
  instance: string,
  write: (into: string, platformDir: string) => Promise<Release>,
  uidBase: number | null = 700_000,
  site: Site = {},
) {
  // Nobody but root gets into it: components see what is shown to them and nothing by way of the path.
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-root-server-"));
  const dataDir = join(directory, "data");
  const platformDir = join(directory, "platform");
  await writeServers(platformDir, core);
  const factory = join(directory, "factory");
  const release = await write(factory, platformDir);
  await installFactoryRelease(dataDir, release, join(factory, "artifacts"));
  const endpoint = { ...provisioning.kms.endpoint, ...(site.name && { host: site.name }) };
  const told: Provisioning = { ...provisioning, kms: { ...provisioning.kms, endpoint } };
  await writeFile(join(dataDir, "provisioning.json"), JSON.stringify(told));
  const configFile = join(directory, "config.json");
  const config = {
    ...{ format: 1, instance, board: site.board ?? "virtual", dataDir, platformDir, runDir: "/run/device" },
    ...{ nodePath: site.node ?? process.execPath, uidBase, trial: { windowMs: 4000, steadyMs: 300 } },
    ladder: { rebootDelaysMs: [0, 200], healthyMs: 600_000 },
    ...(site.resolvers && { resolvers: site.resolvers }),
    ...(site.timeServers && { timeServers: site.timeServers }),
  };
  await writeFile(configFile, JSON.stringify(config));

  return {
    dataDir,
    /** Without it, every look ends in "verify could not look": most specs are about something else, and it takes its time. */
    async installVerify(): Promise<void> {
      const program = new URL("../../verify/main.ts", import.meta.url);
      await writeFile(join(platformDir, "package.json"), moduleJson);
      await writeFile(join(platformDir, "verify.js"), `await import(${JSON.stringify(program.href)});\n`);
    },
    configFile,
    instance,
    platformDir,
    /**
     * `uid`: as this user, in a user namespace of its own. `program`: a root server in the place of the one in the sources; its
     * Node is the components'.
     */
    start: ({ uid, program }: { uid?: number; program?: string } = {}) =>
      startWorld(instance, configFile, config.nodePath, uid, program),
    giveTo: (uid: number) => execa("chown", ["-R", `${uid}:${uid}`, directory]),
    /** Lays a release where the verifier would have put it; returns its digest. */
    async endorse(next: SystemSketch, releaseCounter: number, terms?: Terms, securityEpoch?: number): Promise<string> {
      const staging = await mkdtemp(join(directory, "release-"));
      const made = await writeRelease(staging, next, releaseCounter, terms, securityEpoch);
      const digest = sha256(canonicalJson(made));
      await mkdir(join(dataDir, "endorsed"), { recursive: true });
      await cp(staging, join(dataDir, "endorsed", digest), { recursive: true });
      await chmod(join(dataDir, "endorsed", digest), 0o755);
      return digest;
    },
    /** Makes the fake verifier say something to the root server. */
    async ask(words: string): Promise<void> {
      const file = join(directory, "words");
      await writeFile(file, words);
      await rename(file, join(dataDir, "verifier", `words-${Math.random()}`));
    },
    record: async () => {
      const slots = await Promise.all(
        ["a", "b"].map((name) => readFile(join(dataDir, "state", name), "utf8").catch(() => "{}")),
      );
      const parsed = slots.map((slot) => JSON.parse(slot)).filter((slot) => slot.record);
      return JSON.parse(parsed.sort((one, other) => other.sequence - one.sequence)[0]?.record ?? "null");
    },
    async remove(): Promise<void> {
      await removeCgroups(instance);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export type SpecWorld = ReturnType<typeof startWorld>;

function startWorld(instance: string, configFile: string, node: string, uid?: number, rootServer?: string) {
  const program = fileURLToPath(new URL("./world.ts", import.meta.url));
  const namespaces = [
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
  ];
  const user = uid === undefined ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups", "--"];
  const own = uid === undefined ? [] : ["--user", "--map-root-user"];
  const world = ["unshare", ...own, ...namespaces, "--", process.execPath, program, node, configFile];
  if (rootServer !== undefined) world.push(rootServer);
  const [command = "", ...args] = [...user, ...world];
  const child = spawn(command, args, {
    stdio: ["pipe", "inherit", "pipe"],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const reader = createInterface({ input: child.stderr });
  reader.on("line", (line) => {
    lines.push(line);
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));

  /** Resolves with the first line that fits, from line `from` on. */
  function line(pattern: RegExp, from = 0, timeoutMs = patienceMs): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        watchers.delete(look);
        reject(new Error(`no line ${pattern} within ${timeoutMs} ms; there are:\n${lines.slice(from).join("\n")}`));
      }, timeoutMs);
      function look(): void {
        const found = lines.slice(from).find((text) => pattern.test(text));
        if (found === undefined) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      }
      watchers.add(look);
      look();
    });
  }

  return {
    lines,
    line,
    ended,
    pid: child.pid ?? 0,
    /** The pid of a component as this process sees it, from the one that the device reports. */
    hostPid: (pid: number | null | undefined) => hostPid(instance, pid ?? 0),
    tell: (word: "end" | "kill") => child.stdin.write(`${word}\n`),
    /** Lines that a component writes, from now on. */
    console: (name: string) => readConsole(child, name),
    async close(): Promise<void> {
      const inside = await childrenOf(child.pid ?? 0);
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
      // unshare has ended before what it started: a root server that is still being ended can still make control groups.
      for (const pid of inside) await untilEnded(pid);
    },
  };
}

/** Looks in the device's control groups: other devices of this host number their processes alike. */
async function hostPid(instance: string, pid: number): Promise<number> {
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const groups = await readFile(`/proc/${name}/cgroup`, "utf8").catch(() => "");
    if (!groups.includes(`/${instance}/`)) continue;
    // NSpid: the pid in each namespace, from ours inwards (proc(5)). The last is its sandbox's, the one before the root server's;
    // those further out are others, and may have the number of another component.
    const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => "");
    if (/^NSpid:\t(.*)$/m.exec(status)?.[1]?.split("\t").at(-2) === String(pid)) return Number(name);
  }
  throw new Error(`no process of ${instance} has the pid ${pid}`);
}

// By way of the world's root: the FIFOs are in its tmpfs.
function readConsole(child: ChildProcess, name: string): { lines: string[]; close(): void } {
  const lines: string[] = [];
  const path = `/proc/${child.pid}/root/run/device/log/${name}`;
  const socket = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
  socket.on("error", () => undefined);
  createInterface({ input: socket }).on("line", (text) => lines.push(text));
  return { lines, close: () => socket.destroy() };
}
