/** What kernel and user offer, layer by layer, as one table for people: used, there and not used, or missing. */
import { access, readFile } from "node:fs/promises";
import type { HostLayer } from "@bulkhead/protocol";
import { execa } from "execa";
import type { HostCapabilities } from "./host.ts";
import { programEnvironment } from "./programs.ts";

/** What of the table only the kernel can say. */
export type KernelFacts = {
  /** Kinds of namespaces that /proc/self/ns shows. */
  readonly namespaces: readonly string[];
  /** Version of the Landlock ABI; 0 without it, null where there is no means to ask. */
  readonly landlock: number | null;
  readonly release: string;
};

type Offer = Omit<HostCapabilities, "layers" | "reasons">;

/** Pure. */
export function describeLayers(host: Offer, kernel: KernelFacts): HostLayer[] {
  const { cgroup } = host;
  const uids = host.uids.reduce((sum, { count }) => sum + count, 0);
  return [
    layer("kernel", true, `Linux ${kernel.release}, bubblewrap ${host.bubblewrapVersion}`),
    layer("own uid", uids > 0, uids > 0 ? `${uids} uids to give` : "the caller has one uid only"),
    layer("namespaces", true, `${kernel.namespaces.join(", ")} in this kernel; six of them for each component`),
    layer(
      "user namespace",
      host.userNamespaces,
      host.userNamespaces ? "bubblewrap needs no privilege" : "root makes the sandboxes without",
    ),
    layer("seccomp", host.seccomp, host.seccomp ? "a filter for each profile" : `no filter for ${process.arch}`),
    layer(
      "control groups",
      cgroup.version !== "none",
      cgroup.version === "none" ? cgroup.reason : `version ${cgroup.version.slice(1)}`,
    ),
    layer(
      "placement on cores",
      cgroup.version !== "none" && Boolean(cgroup.cpuset),
      host.exclusiveCores ? "cpuset; a component can have cores for itself" : "no component can have cores for itself",
    ),
    layer(
      "deadline scheduling",
      host.deadline === "available",
      host.deadline === "available" ? "SCHED_DEADLINE" : "the kernel gives us no SCHED_DEADLINE",
    ),
    landlockLayer(kernel.landlock),
  ];
}

/** Decision 0018: it would add nothing that the mount and network namespaces do not deny already. */
function landlockLayer(version: number | null): HostLayer {
  if (version === null)
    return { layer: "Landlock", state: "missing", detail: "not known: perl, which asks, is not here" };
  if (version === 0) return { layer: "Landlock", state: "missing", detail: "not in this kernel, or not enabled" };
  return { layer: "Landlock", state: "unused", detail: `ABI ${version}; the sandbox denies already what it would` };
}

function layer(name: string, isThere: boolean, detail: string): HostLayer {
  return { layer: name, state: isThere ? "used" : "missing", detail: detail.slice(0, 300) };
}

export async function readKernel(): Promise<KernelFacts> {
  const kinds = ["mnt", "pid", "ipc", "uts", "net", "user", "cgroup", "time"];
  const present = await Promise.all(kinds.map((kind) => exists(`/proc/self/ns/${kind}`)));
  return {
    namespaces: kinds.filter((_, index) => present[index]),
    landlock: await askLandlock(),
    release: (await readFile("/proc/sys/kernel/osrelease", "utf8")).trim(),
  };
}

/**
 * landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) gives the version (landlock(7)); it is call 444
 * everywhere. Perl, which every Debian has (perl-base is essential), can make it; Node cannot.
 */
async function askLandlock(): Promise<number | null> {
  const script = "my $version = syscall(444, 0, 0, 1); print $version < 0 ? 0 : $version";
  const result = await execa("perl", ["-e", script], { reject: false, env: programEnvironment, extendEnv: false });
  return result.failed ? null : Number(result.stdout);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
