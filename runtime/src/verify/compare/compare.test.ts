/** Each comparison on recorded facts: silent where nothing is wrong, and one sentence for each thing that is. */

import { plainChannel, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import type { MemberFacts, SocketFact } from "../facts.ts";
import type { Asked, Found } from "../question.ts";
import { asked, bundle, member, mounts, root, sources, task } from "../testing/facts.ts";
import { compareDescriptors } from "./files.ts";
import { compareGroup } from "./groups.ts";
import { compareMember } from "./member.ts";
import { compareNamespace, compareRules, plannedNothing } from "./network.ts";
import { compareOutsiders, compareUnexpected, outsidersOf } from "./outsiders.ts";
import { compareAlike } from "./processes.ts";
import { compareSockets } from "./sockets.ts";

const scheduling = { policy: 0, nice: 0, cpus: "0-1" };
const hierarchies = {
  version: "v1",
  mounts: { memory: "/cg/memory", pids: "/cg/pids", cpu: "/cg/cpu", cpuacct: null },
} as const;

/** All comparisons that look at one process. */
const compare = (facts: MemberFacts, question: Asked = asked(), namespaceInode: string | null = null): Found[] =>
  compareMember(question, facts, {
    ...{ root, rootTask: scheduling, cgroup: hierarchies, namespaceInode, sources },
    foreign: new Set(["socket:[77]", "pipe:[78]"]),
  });

test("[K8] a component as it was started differs in nothing", () => {
  expect(compare(member())).toEqual([]);
});

const own = member().namespaces;
const zero = "0000000000000000";
const withMount = (target: string, more: Partial<(typeof mounts)[number]>) => ({
  mounts: mounts.map((mount) => (mount.target === target ? { ...mount, ...more } : mount)),
});
const holding = (fd: number, target: string, kind: "file" | "directory" | "block" | "socket" | "fifo" | "other") => ({
  descriptors: [...member().descriptors, { fd, target, kind, mountId: 5 }],
});

test.each<[string, Partial<MemberFacts>, Partial<Found>]>([
  ["a saved uid of root", { uids: [700_009, 700_009, 0, 700_009] }, { what: "uids of MainThread (108)" }],
  ["the gid of root", { gids: [0, 0, 0, 0] }, { found: "0 0 0 0" }],
  ["a supplementary group", { groups: [700_009, 27] }, { expected: "", found: "27" }],
  [
    "an effective capability",
    { capabilities: [zero, zero, "1000", zero, zero] },
    { what: "capabilities (CapEff) of MainThread (108)" },
  ],
  [
    "a bounding set",
    { capabilities: [zero, zero, zero, "1fffeffffff", zero] },
    { what: "capabilities (CapBnd) of MainThread (108)" },
  ],
  ["no no_new_privs", { noNewPrivileges: "0" }, { what: "no_new_privs of MainThread (108)" }],
  ["no filter", { seccompMode: "0" }, { what: "seccomp mode of MainThread (108)", found: "0" }],
  ["a filter too few", { seccompFilters: "0" }, { what: "number of seccomp filters of MainThread (108)" }],
  ["the root server's mounts", { namespaces: { ...own, mnt: root.namespaces.mnt } }, { found: "the root server's" }],
  [
    "the root server's processes",
    { namespaces: { ...own, pid: root.namespaces.pid } },
    { what: "pid namespace of MainThread (108)" },
  ],
  [
    "the root server's network",
    { namespaces: { ...own, net: root.namespaces.net } },
    { what: "net namespace of MainThread (108)" },
  ],
  [
    "the root server's ids",
    { namespaces: { ...own, user: root.namespaces.user } },
    { what: "user namespace of MainThread (108)" },
  ],
  ["a namespace that it should share", { namespaces: { ...own, time: "time:[5]" } }, { expected: "time:[1]" }],
  ["a namespace that cannot be read", { namespaces: { ...own, ipc: "" } }, { found: "unreadable" }],
  ["real-time scheduling of one thread", { tasks: [{ ...task, policy: 1 }] }, { found: "SCHED_FIFO" }],
  ["a nice value", { tasks: [{ ...task, nice: -5 }] }, { expected: "0", found: "-5" }],
  ["fewer cores", { tasks: [{ ...task, cpus: "1" }] }, { expected: "0,1", found: "1" }],
  ["a thread in another group", { tasks: [{ ...task, cgroups: ["4:memory:/"] }] }, { found: "in 0" }],
  ["one mount too many", { mounts: [...mounts, { ...bundle, target: "/etc" }] }, { found: "a ext4 on /etc" }],
  ["a mount upon a mount", { mounts: [...mounts, bundle] }, { found: "a ext4 on /app" }],
  [
    "one mount too few",
    { mounts: mounts.filter(({ target }) => target !== "/tmp") },
    { expected: "something on /tmp" },
  ],
  [
    "a writable root",
    withMount("/", { options: ["rw", "nosuid", "nodev"] }),
    { what: "mount / of MainThread (108)", expected: "ro" },
  ],
  ["a writable bundle", withMount("/app", { options: ["rw", "nosuid", "nodev"] }), { expected: "ro" }],
  ["device nodes that work", withMount("/app", { options: ["ro", "nosuid"] }), { expected: "nodev" }],
  ["programs with setuid", withMount("/tmp", { options: ["rw", "nodev"] }), { expected: "nosuid" }],
  [
    "a larger /tmp",
    withMount("/tmp", { superOptions: ["size=9000k"] }),
    { expected: "size=8192k", found: "size=9000k" },
  ],
  ["another bundle", withMount("/app", { identity: "65024:13" }), { what: "what /app shows of MainThread (108)" }],
  [
    "another device",
    withMount("/dev/null", { identity: "device 2048" }),
    { what: "what /dev/null shows of MainThread (108)" },
  ],
  ["a directory", holding(9, "/app", "directory"), { found: "9 is /app: a directory" }],
  ["a block device", holding(9, "/dev/vda", "block"), { found: "9 is /dev/vda: a block device" }],
  [
    "a file of the host",
    holding(9, "/etc/shadow", "file"),
    { found: "9 is /etc/shadow: opened outside of its sandbox" },
  ],
  [
    "another's log",
    holding(2, "/run/device/log/other", "fifo"),
    { found: "2 is /run/device/log/other: opened outside of its sandbox" },
  ],
  [
    "another's socket",
    holding(9, "socket:[77]", "socket"),
    { found: "9 is socket:[77]: held by a process outside of it" },
  ],
  ["another's pipe", holding(9, "pipe:[78]", "fifo"), { found: "9 is pipe:[78]: held by a process outside of it" }],
  [
    "a BPF program",
    holding(9, "anon_inode:bpf-prog", "other"),
    { found: "9 is anon_inode:bpf-prog: not what a component makes" },
  ],
  [
    "a machine of KVM",
    holding(9, "anon_inode:kvm-vm", "other"),
    { found: "9 is anon_inode:kvm-vm: not what a component makes" },
  ],
  ["a variable of ours", { environment: ["PWD=/", "HOME=/tmp", "TOKEN=x"] }, { found: "also TOKEN" }],
  ["a variable too few", { environment: ["PWD=/"] }, { expected: "HOME=/tmp", found: "missing" }],
])("[K8] %s is found, and named once", (_, change, expected) => {
  const found = compare(member(change));
  expect(found).toEqual([expect.objectContaining(expected)]);
});

test("[K8] what a privileged component may have is no difference, and more than that is", () => {
  const server = asked({ capabilities: ["net_admin"], userNamespace: false, networkNamespace: "/proc/self/ns/net" });
  const held = ["1000", "1000", "1000", "1000", "1000"];
  const facts = member({ capabilities: held, namespaces: { ...own, net: "net:[1]", user: "user:[1]" } });
  expect(compare(facts, server, "net:[1]")).toEqual([]);
  expect(compare({ ...facts, capabilities: ["3000", ...held.slice(1)] }, server, "net:[1]")).toHaveLength(1);
  expect(compare({ ...facts, namespaces: own }, server, "net:[1]").map(({ what }) => what)).toEqual([
    "net namespace of MainThread (108)",
    "user namespace of MainThread (108)",
  ]);
  // Where root made the sandbox, its pid 1 is root without a capability.
  const init = {
    ...facts,
    pid: 107,
    uids: [0, 0, 0, 0],
    gids: [0, 0, 0, 0],
    capabilities: [zero, zero, zero, "1ff", zero],
  };
  expect(compare(init, server, "net:[1]")).toEqual([]);
  expect(compare({ ...init, pid: 110 }, server, "net:[1]")).toHaveLength(3);
});

test("[K8] below a directory of mounts that may be seen, its mounts are seen too, but never writable", () => {
  const question = asked();
  const trace = { ...bundle, target: "/trace" };
  const withTrace = asked({ mounts: [...question.mounts, { kind: "ro", source: "/run/trace", target: "/trace" }] });
  const seen = (options: string[]) => {
    const facts = member({ mounts: [...mounts, trace, { ...bundle, target: "/trace/climate", options }] });
    return compareMember(withTrace, facts, {
      ...{ root, rootTask: scheduling, cgroup: hierarchies, namespaceInode: null, foreign: new Set<string>() },
      sources: { ...sources, "/trace": bundle.identity },
    });
  };
  expect(seen(["ro", "nosuid", "nodev"])).toEqual([]);
  expect(seen(["rw", "nosuid", "nodev"])).toHaveLength(1);
});

test("[K8] a deadline that is in force is expected of the component's main thread alone", () => {
  const question = asked({ deadline: true });
  const tasks = [
    { ...task, policy: 6 },
    { ...task, tid: 109 },
  ];
  expect(compare(member({ tasks }), question)).toEqual([]);
  expect(compare(member(), question)).toEqual([expect.objectContaining({ expected: "SCHED_DEADLINE" })]);
  const placed = asked({ limits: { ...question.limits, cores: [1] } });
  expect(compare(member(), placed)).toEqual([expect.objectContaining({ expected: "1", found: "0,1" })]);
});

test("[K8] processes of one sandbox are in the same namespaces", () => {
  const init = member({ pid: 107 });
  expect(compareAlike([init, member()])).toEqual([]);
  const moved = member({ namespaces: { ...own, mnt: "mnt:[10]" } });
  expect(compareAlike([init, moved])).toEqual([
    { what: "mnt namespace of MainThread (108)", expected: "mnt:[9]", found: "mnt:[10]" },
  ]);
});

test("[K8] limits are compared as the kernel keeps them, members one by one", () => {
  const path = "/cg/memory/memory.limit_in_bytes";
  const group = { settings: [{ path, expected: "5000", found: "4096" }], members: [{ directory: "/cg", pids: [108] }] };
  expect(compareGroup(group, [member()])).toEqual([]);
  expect(compareGroup({ ...group, settings: [{ path, expected: "5000", found: "8192" }] }, [member()])).toHaveLength(1);
  expect(compareGroup({ ...group, settings: [{ path, expected: "32", found: "max" }] }, [member()])).toHaveLength(1);
  expect(compareGroup({ ...group, members: [{ directory: "/cg", pids: [108, 5] }] }, [member()])).toEqual([
    { what: "processes in /cg", expected: "no more than the system says", found: "also 5" },
  ]);
  expect(compareGroup({ ...group, members: [{ directory: "/cg", pids: [] }] }, [member()])).toHaveLength(1);
});

test("[K8] nobody else has its uid, is in its namespaces, or runs beside it", () => {
  const sandbox = { asked: asked(), monitor: undefined, members: [member()] };
  const stranger = { ...root, pid: 300, parent: 2, name: "sh" };
  expect(compareOutsiders(sandbox, [root, stranger], root)).toEqual([]);
  expect(compareOutsiders(sandbox, [{ ...stranger, uids: [0, 0, 700_009, 0] }], root)).toEqual([
    { what: "who has its uid", expected: "nobody else", found: "sh (300)" },
  ]);
  const inside = { ...stranger, namespaces: { ...root.namespaces, mnt: "mnt:[9]" } };
  expect(compareOutsiders(sandbox, [inside], root)).toEqual([
    { what: "who is in its mnt namespace", expected: "nobody else", found: "sh (300)" },
  ]);
  expect(outsidersOf([root, stranger, member()], [sandbox])).toEqual([root, stranger]);
  const below = new Set([2, 300]);
  expect(compareUnexpected([root, stranger], below, new Set([2]), false)).toHaveLength(1);
  expect(compareUnexpected([root, { ...stranger, parent: 1 }], new Set([2]), new Set([2]), true)).toHaveLength(1);
  expect(compareUnexpected([root, { ...stranger, parent: 1 }], new Set([2]), new Set([2]), false)).toEqual([]);
});

const socket = (table: string, more: Partial<SocketFact> = {}): SocketFact => {
  return { table, inode: "1", listening: false, local: "", ...more };
};

test("[K8] it listens on its channels, and speaks to a network only where it has one", () => {
  const system = plainSystem({ channels: [plainChannel({ client: "ui", name: "air", provider: "climate" })] });
  const channel = socket("unix", { listening: true, local: "/run/ipc/provides/ui.air/socket" });
  const compareOf = (question: Asked, sockets: SocketFact[], held: string[] = []) =>
    compareSockets(question, system, sockets, new Set(held)).map(({ found }) => found);
  const networked = asked({ networkNamespace: "/run/netns/c-climate" });
  expect(compareOf(asked(), [channel, socket("unix")])).toEqual([]);
  expect(compareOf(asked({ name: "other", members: ["other"] }), [channel])).toHaveLength(1);
  expect(compareOf(asked(), [socket("unix", { listening: true, local: "@abstract" })])).toEqual([
    "unix, listening on @abstract",
  ]);
  expect(compareOf(asked(), [socket("tcp6")])).toEqual(["tcp6"]);
  expect(compareOf(networked, [socket("tcp6")])).toEqual([]);
  expect(compareOf(networked, [socket("tcp6", { listening: true })])).toHaveLength(1);
  for (const table of ["udp", "raw6", "packet", "netlink"])
    expect(compareOf(networked, [socket(table)])).toHaveLength(1);
  const server = asked({ capabilities: ["net_admin"], networkNamespace: "/proc/self/ns/net" });
  const wireguard = socket("unix", { listening: true, local: "/var/run/wireguard/wg0.sock" });
  expect(compareOf(server, [socket("udp"), socket("netlink"), wireguard], ["socket:[1]"])).toEqual([]);
  expect(compareOf(server, [socket("packet")], ["socket:[1]"])).toHaveLength(1);
  expect(compareOf(server, [socket("packet")], [])).toEqual([]);
});

test("[K8] a network is what was planned, and what the kernel gives to each new one", () => {
  const fresh = { interfaces: ["lo", "sit0"], addresses: [], routes: [] };
  const seen = { interfaces: ["lo", "sit0"], addresses: ["::1/128 lo"], routes: [] };
  const compareFound = (found: Partial<typeof seen>) =>
    compareNamespace("it", plannedNothing, fresh, { ...seen, ...found });
  expect(compareFound({})).toEqual([]);
  expect(compareFound({ interfaces: ["lo", "eth0"] })).toEqual([
    { what: "interfaces of it", expected: "no more than the system says", found: "also eth0" },
  ]);
  expect(compareFound({ addresses: ["fd00::1/128 lo"] })).toHaveLength(1);
  const planned = { ...plannedNothing, routes: ["::/0 via fe80::1 dev eth0"] };
  expect(compareNamespace("it", planned, fresh, seen)).toEqual([
    { what: "routes of it", expected: "::/0 via fe80::1 dev eth0", found: "missing" },
  ]);
});

test("[K8] rules are compared line by line, and in their order", () => {
  const rules = "chain a {\n  drop\n  accept\n}\n";
  expect(compareRules("it", rules, "chain a {\n\tdrop\n\taccept\n}")).toEqual([]);
  expect(compareRules("it", rules, "chain a {\n accept\n drop\n}")).toEqual([
    { what: "packet filter rules of it", expected: "the rules in their order", found: "another order" },
  ]);
  expect(compareRules("it", rules, "")).toHaveLength(1);
});

test("[K8] [K10] what KVM gives to a guest that was shown it is no difference", () => {
  const kvm = { kind: "dev", source: "/run/device/view/kvm-climate", target: "/dev/kvm" } as const;
  const guest = asked({ mounts: [...asked().mounts, kvm] });
  const found = (target: string) =>
    compareDescriptors(guest, member({ descriptors: [{ fd: 9, target, kind: "other", mountId: 11 }] }), new Set());
  for (const name of ["vm", "vcpu:0", "vcpu-stats:0", "arm-vgic-v2"]) {
    expect(found(`anon_inode:kvm-${name}`)).toEqual([]);
  }
  expect(found("anon_inode:bpf-prog")).toHaveLength(1);
});

test("[K8] [M11] a partition is no difference for who was given its node, and opened that; any other block device is one", () => {
  const given = { kind: "dev", source: "/run/device/view/slot-root", target: "/slot/root" } as const;
  const found = (mountId: number, mounts: readonly (typeof given)[] = [given]) => {
    const shown = { ...bundle, id: 190, target: "/slot/root" };
    const opened = { fd: 22, target: "/slot/root", kind: "block", mountId } as const;
    return compareDescriptors(
      asked({ mounts: [...asked().mounts, ...mounts] }),
      member({ mounts: [...member().mounts, shown], descriptors: [opened] }),
      new Set(),
    );
  };
  expect(found(190)).toEqual([]);
  // Not by its node; in its bundle's place; and where the system gives it none.
  for (const other of [found(5), found(bundle.id), found(190, [])]) expect(other).toHaveLength(1);
});

test("[K8] [K10] lines of a GPIO controller are no difference for who has its node, and one for all others", () => {
  const node = { kind: "dev", source: "/run/device/view/gpio-0", target: "/dev/gpio-0" } as const;
  const found = (mounts: readonly (typeof node)[]) =>
    compareDescriptors(
      asked({ mounts: [...asked().mounts, ...mounts] }),
      member({ descriptors: [{ fd: 22, target: "anon_inode:gpio-line", kind: "other", mountId: 11 }] }),
      new Set(),
    );
  expect(found([node])).toEqual([]);
  expect(found([])).toHaveLength(1);
});
