/**
 * An agent that lies: in place of the device's own, on its own channel to the verifier and with its own staging directory, it
 * tries to have installed what nobody signed.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { releaseTargetName } from "@bulkhead/protocol";
import { createLog, gateInterface, type Verdict } from "@bulkhead/sdk";
import { createClientEnd } from "../../sdk/src/channel/client.ts";
import type { BuiltRelease } from "../../studio/src/index.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import { signOnline } from "./attacker.ts";
import type { FirstLight } from "./first-light.ts";
import { processesBelow } from "./processes.ts";
import { type Fact, fact } from "./proof.ts";

export type Lies = {
  /** Signed by the attacker, together with the repository that signs it. */
  foreign: { built: BuiltRelease; repositoryDir: string };
  /** Signed by the developer; one byte of an artifact is another. */
  altered: { built: BuiltRelease; digest: string; bytes: Buffer };
  /** Signed by the developer, with a counter below the present. */
  older: BuiltRelease;
  current: BuiltRelease;
};

type Gate = { install(built: Pick<BuiltRelease, "release" | "releaseDigest">): Promise<Verdict> };

/** Holds the device's own agent still, tells the verifier all lies, and lets the agent go on. */
export async function lieToTheDevice(light: FirstLight, lies: Lies): Promise<Fact[]> {
  const { namespacePids } = await light.processOf("kms-agent");
  const signal = (name: string) => light.world.run(["kill", `-${name}`, `${namespacePids[1]}`]);
  await signal("STOP");
  const { gate, close } = await openGate(light);
  try {
    return await tellLies(gate, openStaging(light), lies);
  } finally {
    close();
    await signal("CONT");
  }
}

async function tellLies(gate: Gate, staging: Staging, { foreign, altered, older, current }: Lies): Promise<Fact[]> {
  const honest = await staging.readMetadata();
  await staging.put(`blobs/${altered.digest}`, altered.bytes);
  await stageRelease(staging, altered.built);
  const facts = [await refusal("the altered file", gate, altered.built, "RELEASE_ARTIFACT_ALTERED")];
  await stageRelease(staging, older);
  facts.push(await refusal("the older release", gate, older, "RELEASE_ROLLBACK"));
  await staging.put(releaseFile(current), "{}");
  facts.push(
    await refusal("something else under the digest of a signed release", gate, current, "RELEASE_ARTIFACT_ALTERED"),
  );
  await stageMetadata(staging, await signOnline(foreign.repositoryDir));
  await stageRelease(staging, foreign.built);
  facts.push(await refusal("a whole repository of the attacker's", gate, foreign.built, "RELEASE_SIGNATURE_INVALID"));
  await stageMetadata(staging, honest);
  return facts;
}

async function refusal(what: string, gate: Gate, built: BuiltRelease, code: string): Promise<Fact> {
  const verdict = await gate.install(built);
  return fact(
    !verdict.accepted && verdict.code === code,
    `a lying agent offers ${what}: ${verdict.accepted ? "ACCEPTED" : verdict.code}: ${verdict.message}`,
  );
}

/** Connects where the agent's channel lies, in the device's own mount namespace. */
async function openGate(light: FirstLight): Promise<{ gate: Gate; close(): void }> {
  // The gateway has a pid namespace of that depth, too, but no channels.
  const paths = (await processesBelow(light.world.pid))
    .filter(({ namespacePids }) => namespacePids.length === 3)
    .map(({ pid }) => `/proc/${pid}/root/run/bulkhead/ipc/verifier/kms-agent.gate/socket`);
  const path = paths.find((candidate) => existsSync(candidate));
  if (!path) throw new Error("the channel between agent and verifier was not found");
  const self = { component: "kms-agent", incarnation: 1_000 };
  const end = createClientEnd({ interface: gateInterface, path, name: "gate", self, log: createLog(() => undefined) });
  end.setPeer({ up: true, incarnation: (await light.component("verifier")).incarnation });
  await eventually(
    "the verifier to take the lying agent's connection",
    5_000,
    () => end.client.channel.up || undefined,
  );
  return {
    gate: {
      install: ({ release, releaseDigest }) =>
        end.client.install({ target: releaseTargetName(release), releaseDigest }, { deadlineMs: 20_000 }),
    },
    close: () => end.close(),
  };
}

type Staging = {
  /** Writes one file, by its path below the staging directory. */
  put(name: string, content: string | Buffer): Promise<void>;
  clearMetadata(): Promise<void>;
  readMetadata(): Promise<Record<string, string>>;
};

/** The agent's own directory. It is written from inside the world, whose root may do so whoever the launcher is. */
function openStaging(light: FirstLight): Staging {
  const directory = join(light.running.device.dataDir, "staging");
  const metadata = join(directory, "metadata");
  const must = async (...argv: string[]) => {
    const { code, stderr } = await light.world.run(argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  };
  return {
    put: async (name, content) => {
      const file = join(light.scratch, "staged");
      await writeFile(file, content);
      await must("cp", "--", file, join(directory, name));
    },
    clearMetadata: async () => {
      for (const name of await readdir(metadata)) await must("rm", "--", join(metadata, name));
    },
    readMetadata: async () => {
      const read = async (name: string) => [name, await readFile(join(metadata, name), "utf8")] as const;
      return Object.fromEntries(await Promise.all((await readdir(metadata)).map(read)));
    },
  };
}

function releaseFile({ release, releaseDigest }: BuiltRelease): string {
  return `targets/${releaseDigest}.${releaseTargetName(release)}`;
}

async function stageRelease(staging: Staging, built: BuiltRelease): Promise<void> {
  await staging.put(releaseFile(built), await readFile(join(built.dir, "release.json")));
}

async function stageMetadata(staging: Staging, files: Readonly<Record<string, string>>): Promise<void> {
  await staging.clearMetadata();
  for (const [name, content] of Object.entries(files)) await staging.put(`metadata/${name}`, content);
}
