/** Four releases for the paths of the root server: one artifact stays, one changes, and each has one component more. */
import { createWriteStream } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  type Artifact,
  canonicalJson,
  type InstalledRelease,
  type Release,
  type System,
  sha256,
} from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { packFactory } from "@bulkhead/runtime";
import type { BoardSlots } from "../../runtime/src/board/index.ts";
import type { Device } from "../../runtime/src/device/index.ts";
import { type Ledger, openLedger } from "../../runtime/src/generations/ledger.ts";
import { treeDigest } from "../../runtime/src/generations/tree/index.ts";

export type MadeRelease = { readonly digest: string; readonly release: InstalledRelease };
export type Releases = {
  /** As the verifier leaves them; none of it is on the disk whose power is cut. */
  readonly endorsed: string;
  /** A tree per digest: what a device is flashed with. */
  readonly artifacts: string;
  /** The first as an image has it. */
  readonly factory: string;
  readonly first: MadeRelease;
  readonly second: MadeRelease;
  readonly third: MadeRelease;
  readonly fourth: MadeRelease;
  /** The first, but that it stays on the device. */
  readonly pinned: MadeRelease;
  /** The second, with one overlay on it and with another; the device has its artifacts already. */
  readonly warmer: MadeRelease;
  readonly colder: MadeRelease;
};

/** The third raises the security epoch. */
export async function makeReleases(directory: string): Promise<Releases> {
  const endorsed = join(directory, "endorsed");
  const artifacts = join(directory, "artifacts");
  const shared = await makeTree(artifacts, { "main.js": "all have it", "lib/deep/part.js": "x".repeat(700) });

  async function make(counter: number, more: Partial<System> = {}): Promise<MadeRelease> {
    const own = await makeTree(artifacts, { "main.js": `release ${counter}`, "lib/part.js": "y".repeat(counter) });
    const names = ["one", "two", "three", "four"].slice(0, counter);
    const component = plainComponent({ image: { artifact: own.digest, source: "./one" } });
    const release: Release = {
      ...{ format: 1, name: "spec", version: `1.0.${counter}`, board: "virtual", builtAtMs: counter * 1000 },
      releaseCounter: counter,
      securityEpoch: counter < 3 ? 0 : 1,
      system: plainSystem({
        ...{ system: "spec", components: Object.fromEntries(names.map((name) => [name, component])) },
        ...more,
      }),
      artifacts: [shared, own],
    };
    const text = canonicalJson(release);
    const digest = sha256(text);
    // What the device has already is not endorsed again.
    await cp(join(artifacts, own.digest), join(endorsed, digest, "artifacts", own.digest), { recursive: true });
    await writeFile(join(endorsed, digest, "release.json"), text);
    return { digest, release };
  }

  const [first, second] = [await make(1), await make(2)];
  const factory = join(directory, "factory");
  const built = join(directory, "built");
  for (const { digest } of first.release.artifacts)
    await cp(join(artifacts, digest), join(built, "artifacts", digest), { recursive: true });
  await cp(join(endorsed, first.digest, "release.json"), join(built, "release.json"));
  await pipeline(packFactory(built), createWriteStream(factory));
  const [warmer, colder] = [await putOn(endorsed, second, "warmer", 1), await putOn(endorsed, second, "colder", 2)];
  const pinned = await make(1, { update: { pinned: true } });
  const [third, fourth] = [await make(3), await make(4)];
  return { endorsed, artifacts, factory, first, second, third, fourth, pinned, warmer, colder };
}

/** The effective release, as the verifier endorses it. */
async function putOn(endorsed: string, on: MadeRelease, name: string, overlayCounter: number): Promise<MadeRelease> {
  const [one] = Object.values(on.release.system.components);
  if (one === undefined) throw new Error("there is nothing to set");
  const components = { ...on.release.system.components, one: { ...one, config: { set: name } } };
  const overlay = { name, overlayCounter, digest: sha256(name), base: on.digest };
  const release = { ...on.release, system: { ...on.release.system, components }, overlay };
  const text = canonicalJson(release);
  await mkdir(join(endorsed, sha256(text), "artifacts"), { recursive: true });
  await writeFile(join(endorsed, sha256(text), "release.json"), text);
  return { digest: sha256(text), release };
}

async function makeTree(artifacts: string, files: Readonly<Record<string, string>>): Promise<Artifact> {
  const growing = join(artifacts, "growing");
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(growing, path)), { recursive: true });
    await writeFile(join(growing, path), content, { mode: path === "main.js" ? 0o755 : 0o644 });
  }
  const artifact = await treeDigest(growing);
  await cp(growing, join(artifacts, artifact.digest), { recursive: true });
  await rm(growing, { recursive: true });
  return artifact;
}

/** Where components see the device's data. */
export const shownOf = (root: string) => join(root, "shown");

/** The ledger of the device in `root`, as a root server that starts opens it. */
export function openDevice(root: string, { endorsed }: Releases, slots: BoardSlots | null = null): Promise<Ledger> {
  return openLedger({
    config: { dataDir: join(root, "data"), board: "virtual" },
    paths: { endorsed, shownData: shownOf(root) },
    log: { line: () => undefined },
    slots,
  } as unknown as Device);
}
