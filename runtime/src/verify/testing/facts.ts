/** A component as it was recorded on a real kernel, with nothing wrong; `more` written over it. */
import type { MemberFacts, MountFact, ProcessFacts } from "../facts.ts";
import type { Asked } from "../question.ts";

const none = "0000000000000000";

export const root: ProcessFacts = {
  pid: 2,
  parent: 1,
  name: "MainThread",
  uids: [0, 0, 0, 0],
  gids: [0, 0, 0, 0],
  groups: [],
  capabilities: [none, "000001ffffffffff", "000001ffffffffff", "000001ffffffffff", none],
  noNewPrivileges: "0",
  seccompMode: "0",
  seccompFilters: "0",
  namespaces: {
    mnt: "mnt:[1]",
    pid: "pid:[1]",
    ipc: "ipc:[1]",
    uts: "uts:[1]",
    net: "net:[1]",
    user: "user:[1]",
    cgroup: "cgroup:[1]",
    time: "time:[1]",
  },
};

export function asked(more: Partial<Asked> = {}): Asked {
  return {
    name: "climate",
    pid: 107,
    componentPid: 108,
    uid: 700_009,
    environment: { HOME: "/tmp" },
    hosted: true,
    mounts: [
      { kind: "ro", source: "/data/app", target: "/app" },
      { kind: "dev", source: "/dev/null", target: "/dev/null" },
      { kind: "tmpfs", target: "/tmp", sizeBytes: 8 * 1024 ** 2 },
    ],
    networkNamespace: null,
    capabilities: [],
    seccomp: true,
    userNamespace: true,
    deadline: false,
    limits: { memoryBytes: 50_331_648, processes: 32, cpu: { class: "fair", weight: 100 }, cores: [] },
    cgroup: "one/climate",
    members: ["climate"],
    logs: ["/run/device/log/climate"],
    ...more,
  };
}

const mount = (
  id: number,
  target: string,
  type: string,
  options: string,
  more: Partial<MountFact> = {},
): MountFact => ({
  ...{ id, target, type, options: options.split(","), superOptions: ["rw"], identity: "" },
  ...more,
});

/** What `/data/app` and `/dev/null` are on the host. */
export const sources = { "/app": "65024:12", "/dev/null": "device 259" };

export const bundle = mount(182, "/app", "ext4", "ro,nosuid,nodev,relatime", { identity: sources["/app"] });
export const mounts: readonly MountFact[] = [
  mount(179, "/", "tmpfs", "ro,nosuid,nodev,relatime"),
  mount(180, "/dev", "tmpfs", "ro,nosuid,nodev,relatime"),
  mount(181, "/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
  bundle,
  mount(184, "/dev/null", "devtmpfs", "rw,nosuid,relatime", { identity: sources["/dev/null"] }),
  mount(234, "/tmp", "tmpfs", "rw,nosuid,nodev,relatime", { superOptions: ["rw", "size=8192k"] }),
];

export const task = {
  tid: 108,
  cgroups: ["memory", "pids", "cpu"].map((name, index) => `${index}:${name}:/bulkhead/one/climate`),
  policy: 0,
  nice: 0,
  cpus: "0-1",
};

export function member(more: Partial<MemberFacts> = {}): MemberFacts {
  return {
    pid: 108,
    parent: 107,
    name: "MainThread",
    uids: Array(4).fill(700_009),
    gids: Array(4).fill(700_009),
    groups: [],
    capabilities: Array(5).fill(none),
    noNewPrivileges: "1",
    seccompMode: "2",
    seccompFilters: "1",
    namespaces: {
      ...{ mnt: "mnt:[9]", pid: "pid:[9]", ipc: "ipc:[9]", uts: "uts:[9]", net: "net:[9]", user: "user:[9]" },
      ...{ cgroup: root.namespaces.cgroup, time: root.namespaces.time },
    },
    mounts,
    descriptors: [
      { fd: 0, target: "/dev/null", kind: "character", mountId: 83 },
      { fd: 1, target: "/run/device/log/climate", kind: "fifo", mountId: 88 },
      { fd: 3, target: "socket:[3591000]", kind: "socket", mountId: 10 },
      { fd: 4, target: "anon_inode:[eventpoll]", kind: "other", mountId: 11 },
      { fd: 5, target: "pipe:[3591030]", kind: "fifo", mountId: 12 },
    ],
    tasks: [task],
    environment: ["PWD=/", "HOME=/tmp"],
    ...more,
  };
}
