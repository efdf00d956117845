/** 8: a release signed by the developer becomes current; anything else is refused by the device, an honest agent or not. */
import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { releaseTargetName } from "@bulkhead/protocol";
import { type BuiltRelease, developmentRing, signRelease } from "../../../studio/src/index.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { publish, upload } from "../../../studio/src/run/project.ts";
import { signAsAttacker, withoutRoots } from "../attacker.ts";
import type { FirstLight } from "../first-light.ts";
import { lieToTheDevice } from "../lying-agent.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

export const releaseProof: Proof = {
  title: "a signed release becomes current; foreign, altered and older ones are refused by the device",
  async prove(light) {
    const { project, release: older } = light.running;
    const before = await light.status();
    const good = await newRelease(light, 2);
    const facts = [await accepted(light, good, before.generation)];

    const foreign = await newRelease(light, 3);
    const attack = (name: string) => join(light.scratch, name);
    const trusted = await light.client.instance();
    const signedBelow = await signAsAttacker(foreign, project.repositoryDir, attack("hostile-kms"), trusted);
    await upload(light.client, await withoutRoots(signedBelow), foreign);
    facts.push(await refusedBy(light, "a release signed by another key", foreign, "RELEASE_SIGNATURE_INVALID"));

    const altered = await newRelease(light, 4);
    // A version above the one that the attacker took; the content is the same.
    await signRelease({
      keys: await developmentRing(project.keysDir),
      repoDir: project.repositoryDir,
      releaseDir: good.dir,
    });
    await publish(light.client, project, altered);
    const blob = await alterBlob(light, altered, good);
    facts.push(await refusedBy(light, "a release with an altered file", altered, "RELEASE_ARTIFACT_ALTERED"));
    facts.push(await refusedBy(light, "a release with a lower counter", older, "RELEASE_ROLLBACK"));

    const repositoryDir = await signAsAttacker(foreign, project.repositoryDir, attack("lying-agent"));
    const lies = {
      foreign: { built: foreign, repositoryDir },
      altered: { built: altered, ...blob },
      older,
      current: good,
    };
    facts.push(...(await lieToTheDevice(light, lies)));
    const after = await light.untilReady();
    const text = `after all that the device runs release ${after.release.releaseCounter}, generation ${after.generation}`;
    return [...facts, fact(after.release.digest === good.releaseDigest, text)];
  },
};

/** A copy of the example with another version and one changed component: a changed artifact, not only a changed number. */
async function newRelease(light: FirstLight, counter: number): Promise<BuiltRelease> {
  const source = dirname(light.manifest);
  const copy = join(light.scratch, `greenhouse-${counter}`);
  await cp(source, copy, { recursive: true });
  const manifest = join(copy, "manifest.yaml");
  const text = await readFile(manifest, "utf8");
  await writeFile(manifest, text.replace(/^version: .*$/m, `version: 1.${counter}.0`));
  const climate = join(copy, "climate/main.ts");
  const code = await readFile(climate, "utf8");
  await writeFile(climate, `${code}\nprocess.stdout.write("info this is the climate of release ${counter}\\n");\n`);
  return light.running.build(manifest, counter);
}

async function accepted(light: FirstLight, built: BuiltRelease, generation: number): Promise<Fact> {
  await publish(light.client, light.running.project, built);
  const answer = await deploy(light, built);
  const status = await eventually("the release to be committed", 30_000, async () => {
    const now = await light.status();
    return now.release.digest === built.releaseDigest && now.update.state === "committed" ? now : undefined;
  });
  const said = await light.line("climate", /this is the climate of release 2/);
  const holds =
    answer.state === "done" && status.release.digest === built.releaseDigest && status.generation === generation + 1;
  return fact(
    holds,
    `release ${status.release.releaseCounter} (${status.release.version}), signed by the developer: ${answer.state}; generation ${generation} → ${status.generation}, "${said.text}"`,
  );
}

async function refusedBy(light: FirstLight, what: string, built: BuiltRelease, code: string): Promise<Fact> {
  const before = await light.status();
  const answer = await deploy(light, built);
  const after = await light.status();
  const holds = answer.state === "refused" && answer.code === code && after.generation === before.generation;
  return fact(holds, `${what}: ${answer.state} ${answer.code ?? ""}: ${answer.message ?? ""}`);
}

function deploy(light: FirstLight, built: BuiltRelease) {
  return light.command({
    kind: "deploy",
    target: releaseTargetName(built.release),
    releaseDigest: built.releaseDigest,
  });
}

/** What a KMS with a flipped bit, or a bad will, does: one byte of a blob that the device does not have yet. */
async function alterBlob(
  light: FirstLight,
  built: BuiltRelease,
  earlier: BuiltRelease,
): Promise<{ digest: string; bytes: Buffer }> {
  const known = new Set(earlier.release.artifacts.map(({ digest }) => digest));
  const changed = built.release.artifacts.find(({ digest }) => !known.has(digest));
  if (!changed) throw new Error("the new release has no new artifact to alter");
  const file = await findFile(light.running.paths.kms, changed.digest);
  const bytes = await readFile(file);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  // It keeps blobs read-only, and an owner who is not root is held to that.
  await chmod(file, 0o600);
  await writeFile(file, bytes);
  return { digest: changed.digest, bytes };
}

async function findFile(directory: string, name: string): Promise<string> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && entry.name === name) return join(entry.parentPath, entry.name);
  }
  throw new Error(`the KMS keeps no file ${name}`);
}
