/** Looks closely at one sandbox. Undefined where it has ended meanwhile: the root server knows of that itself. */
import type { CgroupHost } from "../../sandbox/cgroup/host.ts";
import type { MemberFacts, ProcessFacts, SandboxFacts } from "../facts.ts";
import type { Asked } from "../question.ts";
import { identityOf, readDescriptors, readEnvironment, readMounts } from "./files.ts";
import { readGroup } from "./group.ts";
import { namespaceInode } from "./namespaces.ts";
import { readNetwork, readSockets } from "./network.ts";
import { readTasks, treeBelow } from "./processes.ts";

export async function readSandbox(
  asked: Asked,
  processes: readonly ProcessFacts[],
  host: CgroupHost,
): Promise<SandboxFacts | undefined> {
  const tree = treeBelow(processes, asked.pid);
  const parent = tree[0]?.parent;
  if (!tree.some(({ pid }) => pid === asked.componentPid)) return undefined;
  const directory = `/proc/${asked.componentPid}/net`;
  try {
    return {
      monitor: processes.find(({ pid }) => pid === parent),
      members: (await Promise.all(tree.map(readMember))).filter((member) => member !== undefined),
      sockets: await readSockets(directory),
      network: await readNetwork(directory),
      group: await readGroup(asked, host),
      namespaceInode: asked.networkNamespace === null ? null : await namespaceInode(asked.networkNamespace),
      sources: await readSources(asked),
    };
  } catch {
    return undefined;
  }
}

async function readMember(process: ProcessFacts): Promise<MemberFacts | undefined> {
  const { pid } = process;
  const facts = await Promise.all([readMounts(pid), readDescriptors(pid), readTasks(pid), readEnvironment(pid)]).catch(
    () => undefined,
  );
  if (facts === undefined) return undefined;
  const [mounts, descriptors, tasks, environment] = facts;
  return { ...process, mounts, descriptors, tasks, environment };
}

async function readSources({ mounts }: Asked): Promise<Record<string, string>> {
  const entries = mounts.map(async (mount) => {
    return [mount.target, mount.kind === "tmpfs" ? "" : await identityOf(mount.source)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
