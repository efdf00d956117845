/** What is read from the kernel, before anything is judged. Plain data, so that comparisons are tested on recorded facts. */

export const namespaceKinds = ["mnt", "pid", "ipc", "uts", "net", "user", "cgroup", "time"] as const;
export type NamespaceKind = (typeof namespaceKinds)[number];

export const capabilitySets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] as const;

/** What /proc says of any process. */
export type ProcessFacts = {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Real, effective, saved and of the file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Hexadecimal, in the order of `capabilitySets`. */
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: string;
  readonly seccompMode: string;
  /** Empty where the kernel does not count them (before 5.10). */
  readonly seccompFilters: string;
  /** Inode numbers as /proc shows them; "" where one cannot be read. */
  readonly namespaces: Readonly<Record<NamespaceKind, string>>;
};

export type MountFact = {
  readonly id: number;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly superOptions: readonly string[];
  /** `device:inode` of what is there, and `major:minor` of a device node; "" where it cannot be looked at. */
  readonly identity: string;
};

export type DescriptorFact = {
  readonly fd: number;
  /** As the link in /proc/<pid>/fd says. */
  readonly target: string;
  /** stat's kind of file. */
  readonly kind: "directory" | "file" | "character" | "block" | "fifo" | "socket" | "other";
  /** Of the mount that it was opened on. */
  readonly mountId: number;
};

export type TaskFacts = {
  readonly tid: number;
  /** Lines of /proc/<pid>/task/<tid>/cgroup. */
  readonly cgroups: readonly string[];
  /** SCHED_* number of sched(7), and nice value. */
  readonly policy: number;
  readonly nice: number;
  readonly cpus: string;
};

/** A process inside a sandbox, looked at closely. */
export type MemberFacts = ProcessFacts & {
  readonly mounts: readonly MountFact[];
  readonly descriptors: readonly DescriptorFact[];
  readonly tasks: readonly TaskFacts[];
  readonly environment: readonly string[];
};

export type SocketFact = {
  /** The file below /proc/<pid>/net: unix, tcp6, raw, packet, netlink … */
  readonly table: string;
  readonly inode: string;
  readonly listening: boolean;
  /** A path, or address and port as the kernel writes them. */
  readonly local: string;
};

/** The network of one namespace. */
export type NetworkFacts = {
  readonly interfaces: readonly string[];
  /** `<address> <interface>` */
  readonly addresses: readonly string[];
  /** `<destination> via <gateway> dev <interface>` */
  readonly routes: readonly string[];
};

export type GroupFacts = {
  /** What a limit's file says, and what it should say. */
  readonly settings: readonly { readonly path: string; readonly expected: string; readonly found: string }[];
  /** Members of each directory. */
  readonly members: readonly { readonly directory: string; readonly pids: readonly number[] }[];
};

/** One sandbox. */
export type SandboxFacts = {
  /** bubblewrap outside of it; undefined where it has gone. */
  readonly monitor: ProcessFacts | undefined;
  /** Its pid 1 and all below it. */
  readonly members: readonly MemberFacts[];
  readonly sockets: readonly SocketFact[];
  readonly network: NetworkFacts;
  readonly group: GroupFacts;
  /** Of the network namespace that it should be in. */
  readonly namespaceInode: string | null;
  /** `device:inode` of each mount's source on the host, by target. */
  readonly sources: Readonly<Record<string, string>>;
};
