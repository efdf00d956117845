/** The command line of a sandbox, as a pure function of its specification. */
import { dirname } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { everyCore } from "./cgroup/core-list.ts";
import type { Form } from "./form.ts";
import type { Mount, SandboxSpec } from "./spec.ts";

/** Descriptors that bubblewrap is started with; only `control` outlives the start. */
export const descriptors = { control: 3, status: 4, block: 5, seccomp: 6, options: 7 } as const;

/** What the component sees as its uid where it shares one: not 0, whose execve the kernel treats specially. */
const sharedUid = 1000;
const tmpBytes = 8 * 1024 ** 2;
/** Every program may expect these; each is harmless without limit. */
const plainDevices = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
const usualMounts: readonly Mount[] = [
  ...plainDevices.map((path): Mount => ({ kind: "dev", source: path, target: path })),
  { kind: "tmpfs", target: "/tmp", sizeBytes: tmpBytes },
];
/** Where the board-userns form finds the program that takes the privileges away. */
export const setprivInside = "/run/bulkhead/setpriv";

export type CommandLine = {
  /** nsenter and setpriv around bubblewrap with `--args 7`, and the component's command. */
  argv: readonly [string, ...string[]];
  /** bubblewrap's options, for descriptor 7: the sandbox can read its pid 1's command line, which should say nothing. */
  options: readonly string[];
};

/** `spec.mounts` must hold what the form itself needs, too. `hasSeccomp`: a filter comes on descriptor 6. */
export function commandLine(spec: SandboxSpec, form: Form, hasSeccomp: boolean): CommandLine {
  const enter = spec.networkNamespace === null ? [] : ["nsenter", `--net=${spec.networkNamespace}`, "--"];
  const dropsOutside = form === "own-userns" && spec.uid !== null;
  const drop = dropsOutside ? ["setpriv", ...ownIdentity(spec.uid), "--pdeathsig", "KILL", "--"] : [];
  const { files, cores = [] } = spec.limits;
  const limit = files === undefined ? [] : ["prlimit", `--nofile=${files}:${files}`];
  // It inherits the cores that the runtime keeps to; its control group binds it to its own.
  const unbind = cores.length === 0 ? [] : ["taskset", "--cpu-list", everyCore];
  const insideSetpriv = [setprivInside, ...ownIdentity(spec.uid), ...onlyCapabilities(spec), "--"];
  const dropInside = form === "board-userns" ? insideSetpriv : [];
  const [program = "bwrap", ...rest] = [
    ...enter,
    ...drop,
    ...limit,
    ...unbind,
    "bwrap",
    "--args",
    `${descriptors.options}`,
    "--",
  ];
  return {
    argv: [program, ...rest, ...dropInside, ...spec.command],
    options: [
      ...namespaceOptions(spec, form),
      ...capabilityOptions(spec, form),
      ...["--die-with-parent", "--new-session", "--hostname", spec.name, "--chdir", "/"],
      ...["--json-status-fd", `${descriptors.status}`, "--block-fd", `${descriptors.block}`],
      ...(hasSeccomp ? ["--seccomp", `${descriptors.seccomp}`] : []),
      "--clearenv",
      ...Object.entries(spec.environment).flatMap(([name, value]) => ["--setenv", name, value]),
      ...mountOptions(spec),
    ],
  };
}

function ownIdentity(uid: number | null): string[] {
  if (uid === null) return [];
  return ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
}

function onlyCapabilities({ capabilities }: SandboxSpec): string[] {
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  return [`--inh-caps=${set}`, `--ambient-caps=${set}`, `--bounding-set=${set}`, "--no-new-privs"];
}

function namespaceOptions(spec: SandboxSpec, form: Form): string[] {
  const own = ["--unshare-ipc", "--unshare-pid", "--unshare-uts"];
  if (spec.networkNamespace === null) own.push("--unshare-net");
  if (form === "board-userns") return own;
  const shown = spec.uid === null ? ["--uid", `${sharedUid}`, "--gid", `${sharedUid}`] : [];
  return [...own, "--unshare-user", "--disable-userns", ...shown];
}

function capabilityOptions(spec: SandboxSpec, form: Form): string[] {
  const wanted = spec.capabilities.map((name) => `CAP_${name.toUpperCase()}`);
  return ["--cap-drop", "ALL", ...[...forSetpriv(spec, form), ...wanted].flatMap((name) => ["--cap-add", name])];
}

/** What setpriv needs inside to take everything away, these included. */
function forSetpriv({ uid }: SandboxSpec, form: Form): string[] {
  if (form === "own-userns") return [];
  // bubblewrap leaves the bounding set full, so it must be emptied inside even where the uid stays.
  return uid === null ? ["CAP_SETPCAP"] : ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"];
}

/**
 * All that is mounted in the sandbox beside `/`, and `/dev` and `/proc` where it is hosted; ordered so that a mount never
 * hides one below it. Throws COMPONENT_START_FAILED for two at one place.
 */
export function plannedMounts({
  mounts,
  surroundings = "hosted",
}: Pick<SandboxSpec, "mounts" | "surroundings">): Mount[] {
  const isTaken = new Set(mounts.map(({ target }) => target));
  if (isTaken.size < mounts.length) {
    throw new BulkheadError("COMPONENT_START_FAILED", "two mounts of a sandbox have the same target", {
      remedy: `give each its own: ${mounts.map(({ target }) => target).join(" ")}`,
    });
  }
  const usual = surroundings === "hosted" ? usualMounts : [];
  const all = [...mounts, ...usual.filter(({ target }) => !isTaken.has(target))].filter(
    (mount) => !isShownAlready(mount, mounts),
  );
  return all.sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** All that is not a mount of the component's is read-only. */
function mountOptions(spec: SandboxSpec): string[] {
  const { surroundings = "hosted" } = spec;
  const made = new Set(surroundings === "hosted" ? ["/", "/dev", "/proc"] : ["/"]);
  const options = surroundings === "hosted" ? ["--tmpfs", "/dev", "--proc", "/proc"] : [];
  for (const mount of plannedMounts(spec)) {
    options.push(...parentOptions(mount.target, made), ...mountOption(mount));
    made.add(mount.target);
  }
  return [...options, ...(surroundings === "hosted" ? ["--remount-ro", "/dev"] : []), "--remount-ro", "/"];
}

/** A library in a directory of the host that is mounted whole: a mount over it would have to follow the links in there. */
function isShownAlready({ kind, target }: Mount, mounts: readonly Mount[]): boolean {
  if (kind !== "ro") return false;
  return mounts.some((m) => m.kind === "ro" && m.source === m.target && target.startsWith(`${m.target}/`));
}

/** bubblewrap makes missing parents of a file with mode 0700 and as itself, so another uid would not get through. */
function parentOptions(target: string, made: Set<string>): string[] {
  const parent = dirname(target);
  if (made.has(parent)) return [];
  const above = parentOptions(parent, made);
  made.add(parent);
  return [...above, "--perms", "0755", "--dir", parent];
}

function mountOption(mount: Mount): string[] {
  switch (mount.kind) {
    case "ro":
      return ["--ro-bind", mount.source, mount.target];
    case "rw":
      return ["--bind", mount.source, mount.target];
    case "dev":
      return ["--dev-bind", mount.source, mount.target];
    case "tmpfs":
      // 1777 as /tmp everywhere; the sandbox's root may be another uid than the component.
      return ["--size", `${mount.sizeBytes}`, "--perms", "1777", "--tmpfs", mount.target];
  }
}
