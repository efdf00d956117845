/** What the paths of the verifier are walked with: releases and overlays of a project with real keys, and a verifier over a disk. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { generateSigningKey, type KeyPair, type OverlayName } from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import { developmentRing, rotateRoot, signTargets } from "@bulkhead/studio";
import { expect } from "vitest";
import { type Gate, type GatePorts, openGate } from "../../../runtime/src/verifier/index.ts";
import { asked } from "../../releases/bench.ts";
import { type BuiltForTest, createDevice, createProject, publicHalves, signOnline } from "../../releases/project.ts";
import { type PublishedMore, publishMore } from "./published-more.ts";
import { signOverlays } from "./sign-overlays.ts";

export type Staged = { readonly built: BuiltForTest; readonly staging: string };
export type Config = Awaited<ReturnType<typeof createDevice>>["config"];

export type Published = PublishedMore & {
  /** Each staged with the metadata of its time; the third came with a new root. */
  readonly staged: readonly [Staged, Staged, Staged, Staged];
  readonly config: Config;
  /** The fourth again, with metadata in which a deployment has two overlays for it; the second is newer. */
  readonly overlaid: Staged & { readonly overlays: readonly [OverlayName, OverlayName] };
  /** Named by the targets of all. */
  readonly operator: KeyPair;
  remove(): Promise<void>;
};

/** Four releases of a project with real keys; none of it is on the disk whose power is cut. */
export async function publish(): Promise<Published> {
  const project = await createProject();
  const operator = generateSigningKey();
  const delegation = { to: "operators", keys: [operator.publicKey], threshold: 1 } as const;
  await signTargets(await developmentRing(project.keysDir), project.repoDir, { delegation });
  const { config } = await createDevice(project);

  async function next(counter: number): Promise<Staged> {
    const built = await project.build(counter, `release ${counter}`, { builtAtMs: Date.now() - 100_000 + counter });
    await project.sign(built);
    await signOnline(project.repoDir, project.online, { version: counter });
    const device = await createDevice(project);
    await device.stage(built);
    return { built, staging: device.directories.staging };
  }

  const [first, second] = [await next(1), await next(2)];
  const online = publicHalves(project.online);
  await rotateRoot(await developmentRing(project.keysDir), project.repoDir, { online });
  const [third, fourth] = [await next(3), await next(4)];
  const overlays = await signOverlays(project, fourth.built);
  const device = await createDevice(project);
  await device.stage(fourth.built);
  const overlaid = { built: fourth.built, staging: device.directories.staging, overlays };
  const more = await publishMore(project);
  return { ...more, staged: [first, second, third, fourth], overlaid, config, operator, remove: project.remove };
}

export type Opened = Gate & { readonly told: string[]; readonly lines: string[] };

export async function open(
  root: string,
  { config }: Published,
  { staging }: Staged,
  change: Partial<Config> = {},
  opening?: GatePorts["opening"],
): Promise<Opened> {
  const told: string[] = [];
  const lines: string[] = [];
  const gate = await openGate({
    directories: { staging, endorsed: join(root, "endorsed"), own: join(root, "verifier") },
    config: { ...config, components: ["one"], ...change },
    log: { info: (text) => void lines.push(text), warn: (text) => void lines.push(text) },
    tellRoot: (kind, body) => void told.push("again" in body ? `${kind} ${body.releaseDigest} again` : kind),
    ...(opening && { opening }),
  });
  return { ...gate, told, lines };
}

/** The root server has said what became of the release that it was told of again: nothing of that is kept for it. */
export async function openHeard(root: string, published: Published, staged: Staged): Promise<Opened> {
  const gate = await open(root, published, staged);
  for (const said of gate.told) {
    const [, left = ""] = /^activate (\w+) again$/.exec(said) ?? [];
    await gate.heard({ releaseDigest: left, outcome: "rolled-back", reason: "it does not start" });
  }
  return gate;
}

/** Throws what it was refused with. */
export function expectAccepted({ accepted, code, message }: Verdict): void {
  if (!accepted) throw Object.assign(new Error(message), { code });
}

export async function install(root: string, published: Published, staged: Staged): Promise<void> {
  const gate = await openHeard(root, published, staged);
  expectAccepted(await gate.install(asked(staged.built)));
}

export const makeDirectories = async (root: string) => {
  for (const name of ["endorsed", "verifier"]) await mkdir(join(root, name));
};

/** Its metadata is older than what the verifier has trusted. */
export async function expectRefused(root: string, published: Published, older: Staged): Promise<void> {
  const gate = await open(root, published, older);
  expect(gate.lines.filter((line) => line.includes("damaged"))).toEqual([]);
  expect((await gate.examine(asked(older.built))).verdict).toMatchObject({ accepted: false, code: "RELEASE_ROLLBACK" });
}
