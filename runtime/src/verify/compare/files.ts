/** What a process sees and holds: mounts, device nodes, descriptors, environment. */
import type { DescriptorFact, MemberFacts, MountFact } from "../facts.ts";
import { reserved } from "../permissions.ts";
import { type Asked, compareSets, compareValue, type Found } from "../question.ts";
import { nameOf } from "./processes.ts";

type PlannedMount = Asked["mounts"][number] | { kind: "root" | "proc"; target: string };

const surroundings: readonly PlannedMount[] = [
  { kind: "root", target: "/dev" },
  { kind: "proc", target: "/proc" },
];

/** Which flags a mount of each kind has (mount(8)); further ones only take away. */
const flags: Readonly<Record<PlannedMount["kind"], readonly string[]>> = {
  root: ["ro", "nosuid", "nodev"],
  proc: ["rw", "nosuid", "nodev", "noexec"],
  ro: ["ro", "nosuid", "nodev"],
  rw: ["rw", "nosuid", "nodev"],
  dev: ["nosuid"],
  tmpfs: ["rw", "nosuid", "nodev"],
};

/** `sources`: what each mount's source is on the host, by target. */
export function compareMounts(asked: Asked, member: MemberFacts, sources: Readonly<Record<string, string>>): Found[] {
  const planned: PlannedMount[] = [
    { kind: "root", target: "/" },
    ...(asked.hosted ? surroundings : []),
    ...asked.mounts,
  ];
  // As lists: a mount upon a mount has the same target twice.
  const rest = planned.map(({ target }) => target);
  const extra = member.mounts.filter((mount) => {
    const index = rest.indexOf(mount.target);
    if (index >= 0) rest.splice(index, 1);
    return index < 0 && !isCover(asked, mount) && !comesAlong(asked, mount);
  });
  const of = (what: string) => `${what} of ${nameOf(member)}`;
  return [
    ...extra.map(({ target, type }) => ({
      what: of("mounts"),
      expected: "no more than the system says",
      found: `a ${type} on ${target}`,
    })),
    ...rest.map((target) => ({ what: of("mounts"), expected: `something on ${target}`, found: "nothing" })),
    ...planned.flatMap((plan) => {
      const mount = member.mounts.findLast(({ target }) => target === plan.target);
      return mount ? compareMount(of, plan, mount, sources[plan.target] ?? "") : [];
    }),
  ];
}

function compareMount(of: (what: string) => string, plan: PlannedMount, mount: MountFact, source: string): Found[] {
  const missing = flags[plan.kind].filter((flag) => !mount.options.includes(flag));
  const wrongFlags = missing.map((flag) => ({
    what: of(`mount ${plan.target}`),
    expected: flag,
    found: mount.options.join(","),
  }));
  if (plan.kind === "tmpfs") {
    const size = mount.superOptions.find((option) => option.startsWith("size=")) ?? "no size";
    return [...wrongFlags, ...compareValue(of(`size of ${plan.target}`), toSize(plan.sizeBytes), size)];
  }
  if (plan.kind === "root" || plan.kind === "proc") return wrongFlags;
  // What was unplugged has no attributes any more, in the sandbox or outside.
  if (source === "" && "source" in plan && plan.source.startsWith("/sys/")) return wrongFlags;
  return [...wrongFlags, ...compareValue(of(`what ${plan.target} shows`), source, mount.identity)];
}

/** A directory of mounts, as of trace rings or storages, is shown with what is mounted in it, read-only as itself. */
function comesAlong({ mounts }: Asked, { target, options }: MountFact): boolean {
  const above = mounts.filter((plan) => plan.kind === "ro" && reserved.includes(plan.target));
  const isBelow = above.some((plan) => target.startsWith(`${plan.target}/`));
  return isBelow && flags.ro.every((flag) => options.includes(flag));
}

/** Without a user namespace, bubblewrap covers what root could write there with the same, read-only. */
function isCover({ userNamespace }: Asked, { target, type, options }: MountFact): boolean {
  const covered = ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"];
  return !userNamespace && covered.includes(target) && type === "proc" && options.includes("ro");
}

/** As the kernel prints the size of a tmpfs: in kibibytes of whole pages (mm/shmem.c). */
const toSize = (bytes: number) => `size=${Math.ceil(bytes / 4096) * 4}k`;

/** What a process makes for itself and needs no name for. */
const anonymous = /^anon_inode:(\[(eventpoll|eventfd|timerfd|signalfd|pidfd|fscontext)\]|inotify)$/;

/** What the kernel's KVM gives to who has its device: machines, processors, their interrupt controllers. */
const ofKvm = /^anon_inode:kvm-[a-z0-9:-]+$/;

/** What the kernel's GPIO gives to who has a controller's node, for each request of lines (GPIO_V2_GET_LINE). */
const ofGpio = /^anon_inode:gpio-line$/;

/** `foreign`: sockets and pipes that a process outside of the sandbox holds. */
export function compareDescriptors(asked: Asked, member: MemberFacts, foreign: ReadonlySet<string>): Found[] {
  const targets = new Map(member.mounts.map(({ id, target }) => [id, target]));
  return member.descriptors.flatMap((descriptor) => {
    const fault = faultOf(descriptor, asked, targets, foreign);
    if (fault === undefined) return [];
    const found = `${descriptor.fd} is ${descriptor.target}: ${fault}`;
    return [{ what: `descriptors of ${nameOf(member)}`, expected: "only its own", found }];
  });
}

function faultOf(
  { target, kind, mountId }: DescriptorFact,
  asked: Asked,
  targets: ReadonlyMap<number, string>,
  foreign: ReadonlySet<string>,
): string | undefined {
  if (kind === "directory") return "a directory";
  // What it was given a node of: the agent the parts of a slot.
  if (kind === "block") return isGivenNode(asked, targets.get(mountId)) ? undefined : "a block device";
  if (/^(socket|pipe):/.test(target)) return foreign.has(target) ? "held by a process outside of it" : undefined;
  if (target.startsWith("anon_inode:")) return isOwnKind(target, asked) ? undefined : "not what a component makes";
  // What it was started with: no input, and its log; Bun keeps a copy of that under another number.
  if (target === "/dev/null" && kind === "character") return undefined;
  if (kind === "fifo" && asked.logs.includes(target)) return undefined;
  return targets.has(mountId) ? undefined : "opened outside of its sandbox";
}

function isGivenNode({ mounts }: Asked, target: string | undefined): boolean {
  return mounts.some((mount) => mount.kind === "dev" && mount.target === target);
}

function isOwnKind(target: string, { mounts }: Asked): boolean {
  const has = (node: RegExp) => mounts.some((mount) => mount.kind === "dev" && node.test(mount.target));
  if (ofKvm.test(target)) return has(/^\/dev\/kvm$/);
  if (ofGpio.test(target)) return has(/^\/dev\/gpio-\d+$/);
  return anonymous.test(target);
}

/** Those of the component alone; what is started inside has what it was given. */
export function compareEnvironment(asked: Asked, member: MemberFacts): Found[] {
  if (member.pid !== asked.componentPid) return [];
  // bubblewrap sets PWD.
  const expected = Object.entries({ PWD: "/", ...asked.environment }).map(([name, value]) => `${name}=${value}`);
  // What is too much is told by its name: a value may be a secret, and the report leaves the device.
  const seen = member.environment.map((entry) => (expected.includes(entry) ? entry : (entry.split("=")[0] ?? "")));
  return compareSets(`environment of ${nameOf(member)}`, expected, seen);
}
