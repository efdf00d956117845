/** What a sandbox is given and what it gives back: the contract between the sandbox and the root server. */
import type { Duplex } from "node:stream";
import type { Component, Level } from "@bulkhead/protocol";
import type { Form } from "./form.ts";
import type { Profile } from "./seccomp/profiles.ts";

/** One thing of the host that the sandbox sees. Targets are absolute; parents are made. Sources must be readable by `uid`. */
export type Mount =
  /** A file or directory, read-only (`ro`) or writable (`rw`); device nodes in it do not work. */
  | { kind: "ro" | "rw"; source: string; target: string }
  /** A device node, or a directory of them: /dev/i2c-2. */
  | { kind: "dev"; source: string; target: string }
  /** Empty memory, charged to the component. */
  | { kind: "tmpfs"; target: string; sizeBytes: number };

export type Capability = "net_admin";

/** Who is given this network namespace stays in the one that the root server was started in. */
export const boardsNetwork = "/proc/self/ns/net";

export type SandboxSpec = {
  /** The component's name; also the host name inside. */
  name: string;
  /** Own uid and gid as the caller's user namespace counts them; null where only one can be had. */
  uid: number | null;
  /** Program with arguments, by the paths inside. */
  command: readonly string[];
  /** The whole environment. Visible to other users of the host, as every command line is: nothing secret. */
  environment: Readonly<Record<string, string>>;
  /** System calls that it may make; unset: what its capabilities need. */
  profile?: Profile;
  /** `hosted` (unset: this) has /proc, /tmp and the harmless devices; `bare` has its mounts and nothing else. */
  surroundings?: "hosted" | "bare";
  mounts: readonly Mount[];
  /** Path of an existing network namespace to enter, or null for an empty one of its own. */
  networkNamespace: string | null;
  /** Not empty: no user namespace of its own, and these capabilities over what the caller's user namespace owns. */
  capabilities: readonly Capability[];
  /** `processes` counts tasks as the kernel does: threads too. An idle Node has about 11. */
  limits: {
    memoryBytes: number;
    processes: number;
    /** Open files, sockets and pipes of each process (RLIMIT_NOFILE, which it cannot raise); unset: the caller's own limit. */
    files?: number | undefined;
    cpu: Component["cpu"];
    /** Processor cores that it may run on, for itself alone where its class is `deadline`; any where there are none. */
    cores?: readonly number[];
  };
  /** Its directory at /data, which is among the mounts; absent: none. `isLimited`: the kernel is to hold it to the quota. */
  storage?: { quotaBytes: number; isLimited: boolean } | undefined;
  /** `<instance>/<component>` below the control group `bulkhead`. */
  cgroup: string;
  /** Descriptor that becomes 1 and 2 of the component. */
  stdout: number;
  /** Descriptors that become 8, 9 and so on: the logs of a trust group's members. */
  outputs?: readonly number[];
  /** Layers without which it must not run: SANDBOX_UNAVAILABLE. */
  requires: Component["requires"];
};

export type ExitStatus = { code: number | null; signal: string | null };

/** What the kernel counted for a sandbox until its end; null: not known. */
export type EndOfUse = {
  memoryPeakBytes: number | null;
  outOfMemoryKills: number | null;
  memoryLimitHits: number | null;
  cpuUs: number | null;
  throttled: number | null;
  processesPeak: number | null;
  processLimitHits: number | null;
};

export type Sandbox = {
  /** The sandbox's pid 1 in the caller's pid namespace: when it dies, the kernel kills all in the sandbox. */
  pid: number;
  /** The component's own process, whose parent `pid` is. */
  componentPid: number;
  /** The other end of file descriptor 3. */
  control: Duplex;
  /** Read from /proc after the start, and again by `schedule`. */
  level: Level;
  /**
   * Once it is ready: gives it the deadline that its manifest asks for. Starting takes more than its steady work, so until
   * then a quota bounds it. Does nothing for others. Throws SANDBOX_UNAVAILABLE where the kernel refuses.
   */
  schedule(): Promise<void>;
  /** What it was made from, for who compares it with the kernel's state later. */
  made: { spec: SandboxSpec; form: Form; seccomp: boolean };
  /** Settles as soon as the last process has gone; never rejects. Its control group is removed after that. */
  ended: Promise<ExitStatus & EndOfUse>;
  /** Settles after the last process has gone and the control group is removed; never rejects. */
  exited: Promise<ExitStatus>;
  /** SIGKILL to everything in the sandbox. */
  kill(): void;
};
