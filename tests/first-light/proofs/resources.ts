/** What each component may take and takes, as the KMS shows it, held against the manifest and the host's own kernel. */
import { readFile } from "node:fs/promises";
import type { ComponentResources, Resources } from "@bulkhead/protocol";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { type Fact, fact } from "../proof.ts";

/** Two reports and a moment: the first may have come while the components were still being started. */
const patienceMs = 22_000;
/** What the host's files are looked at for. */
const witness = "climate";

export async function resourceFacts(light: FirstLight): Promise<Fact[]> {
  const read = async () => (await light.client.resources(light.deviceId)).resources;
  const isRoot = light.running.privilege.kind === "root";
  const isGood = (report: Resources | null) =>
    report !== null && (isRoot ? report.components.every((one) => isHeld(one) && isCounted(one)) : isUnlimited(report));
  const good = await eventually("a good report of resources", patienceMs, async () => {
    const report = await read();
    return report !== null && isGood(report) ? report : undefined;
  }).catch(() => null);
  const report = good ?? (await read());
  if (report === null) return [fact(false, "the KMS shows no report of resources")];
  const { components } = light.running.release.release.system;
  const asDeclared = report.components.every(
    ({ name, declared }) =>
      declared.memoryBytes === components[name]?.memoryBytes &&
      declared.processes === components[name]?.processes &&
      declared.openFiles === components[name]?.openFiles,
  );
  const isComplete = report.components.length === Object.keys(components).length;
  return [
    fact(asDeclared && isComplete, `resources of ${report.components.length} components, declared as in the manifest`),
    ...(isRoot ? await heldFacts(report, light) : [unlimitedFact(report)]),
  ];
}

async function heldFacts(report: Resources, light: FirstLight): Promise<Fact[]> {
  const loose = report.components.filter((one) => !isHeld(one)).map(({ name }) => name);
  const uncounted = report.components.filter((one) => !isCounted(one)).map(({ name }) => name);
  const shown = report.components.find(({ name }) => name === witness);
  const kernelBytes = await readKernelLimit((await light.processOf(witness)).pid);
  return [
    fact(
      loose.length === 0 && shown?.enforced.memoryBytes === kernelBytes,
      `limits enforced (cgroup ${report.cgroup}) are those declared${list(loose, ", but not of")}: ${witness} ${mebi(shown?.enforced.memoryBytes)}, the host's kernel says ${mebi(kernelBytes)}`,
    ),
    fact(
      uncounted.length === 0,
      `taken: ${witness} ${mebi(shown?.used.memoryBytes)}, ${((shown?.used.cpuUs ?? 0) / 1_000_000).toFixed(2)} s of processor, ${shown?.used.processes} of ${shown?.enforced.processes} processes, ${shown?.used.openFiles} of ${shown?.declared.openFiles} files open${list(uncounted, "; not counted:")}`,
    ),
  ];
}

function unlimitedFact(report: Resources): Fact {
  const text = "no limit is enforced, and the KMS says so: this user may make no control group";
  return { text, holds: isUnlimited(report), reduced: true };
}

function isHeld({ declared, enforced }: ComponentResources): boolean {
  return (
    enforced.memoryBytes === declared.memoryBytes &&
    enforced.processes === declared.processes &&
    enforced.cpuWeight !== null
  );
}

function isCounted({ used, enforced }: ComponentResources): boolean {
  const isWithin = (used.memoryBytes ?? 0) > 0 && (used.memoryBytes ?? 0) <= (enforced.memoryBytes ?? 0);
  return isWithin && (used.cpuUs ?? 0) > 0 && (used.processes ?? 0) > 0 && hasOpenFiles(used);
}

/** Every component has its control channel and its log open. */
const hasOpenFiles = ({ openFiles }: ComponentResources["used"]): boolean => (openFiles ?? 0) > 2;

function isUnlimited({ cgroup, components }: Resources): boolean {
  return cgroup === "none" && components.every(({ enforced }) => Object.values(enforced).every((one) => one === null));
}

/** The memory limit of a process's control group, read without any of our own code: version 1 or 2 (cgroups(7)). */
async function readKernelLimit(pid: number): Promise<number> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, "utf8")).split("\n").map((line) => line.split(":"));
  const memory = lines.find(([, controllers]) => controllers?.split(",").includes("memory"))?.[2];
  const unified = lines.find(([id]) => id === "0")?.[2];
  const file = memory ? `/sys/fs/cgroup/memory${memory}/memory.limit_in_bytes` : `/sys/fs/cgroup${unified}/memory.max`;
  return Number(await readFile(file, "utf8"));
}

function mebi(bytes: number | null | undefined): string {
  return typeof bytes === "number" ? `${Number((bytes / 1024 ** 2).toFixed(1))} MiB` : "nothing";
}

function list(names: readonly string[], before: string): string {
  return names.length === 0 ? "" : `${before} ${names.join(", ")}`;
}
