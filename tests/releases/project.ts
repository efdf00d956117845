/**
 * A project for tests: offline keys and a repository as the studio makes them, the online half of a management service,
 * a device's directories with the verifier over them, and an agent that stages what it is told to.
 */
import { createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  canonicalJson,
  deviceIdOf,
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
  type Release,
  sha256,
  signMessage,
  type ToRoot,
} from "@bulkhead/protocol";
import { compile, completePlan } from "@bulkhead/protocol/manifest";
import { packTree, treeDigest } from "@bulkhead/runtime";
import { developmentRing, initKeys, initRepository, signRelease } from "@bulkhead/studio";
import { Metadata, MetaFile, Signature, Snapshot, Timestamp } from "@tufjs/models";
import { type Gate, type GatePorts, openGate, type VerifierConfig } from "../../runtime/src/verifier/index.ts";

const manifest = `system: example
version: 1.0.0
board: test
components:
  one: { image: ./one, config: { level: 5, fixed: 7 }, overlayable: { config: { level: { type: integer, min: 0, max: 9 } }, memory: { max: 700Mi } } }
`;
const board = `format: 1
board: test
title: Test
architecture: any
memory: 1Gi
storage: 1Gi
cores: 1
backend: simulated
devices: {}
pins: {}
policy: { runners: [node], images: [applications], network: [], core-services: [], cpu-classes: [fair], unsigned-commands: true, require-full-level: false }
`;

export type Project = Awaited<ReturnType<typeof createProject>>;
export type BuiltForTest = { dir: string; release: Release; target: string; digest: string };

/** A project in a temporary directory of its own; `remove` it at the end. */
export async function createProject() {
  const root = await mkdtemp(join(tmpdir(), "bulkhead-project-"));
  const keysDir = join(root, "keys");
  const repoDir = join(root, "repository");
  const online = { snapshot: generateSigningKey(), timestamp: generateSigningKey() };
  await initKeys(keysDir, "development");
  await initRepository(await developmentRing(keysDir), repoDir, publicHalves(online));
  let builds = 0;

  /** A release of one component whose bundle says `content`; `change` alters the document before it is written. */
  async function build(releaseCounter: number, content: string, change: Partial<Release> = {}): Promise<BuiltForTest> {
    const dir = join(root, `build-${builds++}`);
    const tree = join(dir, "tree");
    await mkdir(tree, { recursive: true });
    await writeFile(join(tree, "main.js"), content);
    const artifact = await treeDigest(tree);
    await mkdir(join(dir, "blobs"));
    await pipeline(packTree(tree), createWriteStream(join(dir, "blobs", artifact.digest)));
    const compiled = compile(manifest, { file: "manifest.yaml", board: () => ({ file: "test.yaml", text: board }) });
    if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
    const release: Release = {
      format: 1,
      name: "example",
      version: "1.0.0",
      releaseCounter,
      securityEpoch: 0,
      board: "test",
      builtAtMs: Date.now() - 60_000,
      system: completePlan(compiled.plan, () => artifact.digest),
      artifacts: [artifact],
      ...change,
    };
    const text = canonicalJson(release);
    await writeFile(join(dir, "release.json"), text);
    return { dir, release, target: `example-${releaseCounter}.json`, digest: sha256(text) };
  }

  const sign = async (built: BuiltForTest, keys = keysDir) =>
    signRelease({ keys: await developmentRing(keys), repoDir, releaseDir: built.dir });

  return { root, keysDir, repoDir, online, build, sign, remove: () => rm(root, { recursive: true, force: true }) };
}

export type OnlineKeyPairs = { snapshot: KeyPair; timestamp: KeyPair };

export function publicHalves(online: OnlineKeyPairs) {
  return { snapshotKey: online.snapshot.publicKey, timestampKey: online.timestamp.publicKey };
}

type OnlineOptions = { version: number; expiresInMs?: number; targetsVersion?: number };

/** The management service's part: `<version>.snapshot.json` and `timestamp.json` over the newest targets. */
export async function signOnline(repoDir: string, keys: OnlineKeyPairs, options: OnlineOptions): Promise<void> {
  const { version } = options;
  const expires = new Date(Date.now() + (options.expiresInMs ?? 86_400_000)).toISOString().replace(/\.\d+Z/, "Z");
  const versions = (await readdir(repoDir)).flatMap((name) => /^(\d+)\.targets\.json$/.exec(name)?.[1] ?? []);
  const targetsVersion = options.targetsVersion ?? Math.max(...versions.map(Number));
  const targets = await readFile(join(repoDir, `${targetsVersion}.targets.json`));
  const specVersion = "1.0.31";
  const passedOn = await Promise.all(
    newestOverlays(await readdir(repoDir)).map(async ({ role, version: newest }) => {
      const content = await readFile(join(repoDir, `${newest}.${role}.json`));
      return [`${role}.json`, describe(content, newest)] as const;
    }),
  );
  const meta = { "targets.json": describe(targets, targetsVersion), ...Object.fromEntries(passedOn) };
  const snapshot = signWith(keys.snapshot, new Metadata(new Snapshot({ version, specVersion, expires, meta })));
  await writeFile(join(repoDir, `${version}.snapshot.json`), snapshot);
  const snapshotMeta = describe(Buffer.from(snapshot), version);
  const timestamp = new Metadata(new Timestamp({ version, specVersion, expires, snapshotMeta }));
  await writeFile(join(repoDir, "timestamp.json"), signWith(keys.timestamp, timestamp));
}

function newestOverlays(names: readonly string[]): { role: string; version: number }[] {
  const newest = new Map<string, number>();
  for (const name of names) {
    const [, version, role = ""] = /^(\d+)\.(overlays-[a-z-]+)\.json$/.exec(name) ?? [];
    if (version !== undefined) newest.set(role, Math.max(newest.get(role) ?? 0, Number(version)));
  }
  return [...newest].map(([role, version]) => ({ role, version }));
}

function describe(content: Buffer, version: number): MetaFile {
  return new MetaFile({ version, length: content.length, hashes: { sha256: sha256(content) } });
}

function signWith(key: KeyPair, metadata: Metadata<Snapshot> | Metadata<Timestamp>): string {
  const hex = Buffer.from(key.publicKey, "base64url").toString("hex");
  const json = { keytype: "ed25519", scheme: "ed25519", keyval: { public: hex } };
  metadata.sign((bytes) => {
    const sig = Buffer.from(signMessage(key, bytes), "base64url").toString("hex");
    return new Signature({ keyID: sha256(canonicalJson(json)), sig });
  });
  return JSON.stringify(metadata.toJSON());
}

export type TestDevice = Awaited<ReturnType<typeof createDevice>>;
type DeviceOptions = {
  counter?: number;
  digest?: string;
  securityEpoch?: number;
  unsignedCommands?: boolean;
  board?: string;
};

/** A device that trusts the project's first root. `boot` starts the verifier anew over the same directories. */
export async function createDevice(project: Project, options: DeviceOptions = {}) {
  const root = await mkdtemp(join(project.root, "device-"));
  const directories = { staging: join(root, "staging"), endorsed: join(root, "endorsed"), own: join(root, "verifier") };
  for (const name of ["metadata", "targets", "blobs"])
    await mkdir(join(directories.staging, name), { recursive: true });
  await mkdir(directories.endorsed);
  const deviceKey = generateSigningKey().publicKey;
  const key = generateX25519Key().publicKey;
  const config = {
    provisioning: {
      format: 1 as const,
      deviceId: deviceIdOf(deviceKey),
      name: "test",
      deviceKey,
      tunnelKey: key,
      kms: {
        instanceKey: key,
        tunnelKey: key,
        endpoint: { host: "192.0.2.1", port: 1 },
        address: "fd00::1",
        proxies: {},
      },
      addressPrefix: "fd00::1:0",
      tufRoot: await readFile(join(project.repoDir, "1.root.json"), "utf8"),
      deployment: "field",
    },
    board: options.board ?? "test",
    currentReleaseDigest: options.digest ?? "0".repeat(64),
    releaseCounterFloor: options.counter ?? 0,
    securityEpoch: options.securityEpoch ?? 0,
    currentReleaseBuiltAtMs: 0,
    installedArtifacts: [] as string[],
    unsignedCommands: options.unsignedCommands ?? true,
    components: [] as string[],
    currentOverlay: undefined as VerifierConfig["currentOverlay"],
    slots: undefined as VerifierConfig["slots"],
  };
  const told: { kind: string; body: unknown }[] = [];
  const lines: string[] = [];
  const clock = { offsetMs: 0 };

  const boot = (change: Partial<typeof config> = {}, opening?: GatePorts["opening"]): Promise<Gate> =>
    openGate({
      directories,
      config: { ...config, ...change },
      log: { info: (text) => void lines.push(text), warn: (text) => void lines.push(text) },
      tellRoot: <K extends "activate" | "restart" | "verify" | "trace">(kind: K, body: ToRoot[K]) =>
        void told.push({ kind, body }),
      hostNow: () => Date.now() + clock.offsetMs,
      ...(opening && { opening }),
    });

  /** What an honest agent does: brings the repository's metadata, the release and its blobs. */
  async function stage(built: BuiltForTest): Promise<void> {
    const { metadata, targets, blobs } = stagingOf(directories.staging);
    for (const name of await readdir(project.repoDir)) {
      if (name.endsWith(".json")) await cp(join(project.repoDir, name), join(metadata, name));
    }
    await cp(join(built.dir, "release.json"), join(targets, `${built.digest}.${built.target}`));
    await cp(join(built.dir, "blobs"), blobs, { recursive: true });
    for (const deployment of await readdir(join(project.repoDir, "targets/overlays")).catch(() => [])) {
      await cp(join(project.repoDir, "targets/overlays", deployment), targets, { recursive: true });
    }
  }

  return { directories, staging: stagingOf(directories.staging), config, told, lines, clock, boot, stage };
}

function stagingOf(root: string) {
  return { metadata: join(root, "metadata"), targets: join(root, "targets"), blobs: join(root, "blobs") };
}
