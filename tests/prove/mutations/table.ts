/** Each protection of a sandbox (of channels and logs: `limits.ts`), taken away by a change of its source, and the test that must fail. */

import { limits as bounds } from "./limits.ts";

export type Edit = { readonly file: string; readonly from: string | RegExp; readonly to: string };
export type Mutation = {
  readonly without: string;
  readonly edits: readonly Edit[];
  /** A specification or test file, and the part of its tests' names that is run. */
  readonly test: { readonly file: string; readonly name?: string };
};

const bubblewrap = "runtime/src/sandbox/bubblewrap.ts";
const isolation = "runtime/src/sandbox/isolation.spec.ts";
const lifetime = "runtime/src/sandbox/lifetime.spec.ts";
const limits = "runtime/src/sandbox/limits.spec.ts";
const scheduling = "runtime/src/sandbox/scheduling.spec.ts";
const deadline = "runtime/src/sandbox/deadline.ts";
const firewall = "runtime/src/network/firewall.ts";
const cores = "runtime/src/sandbox/cgroup/cores.ts";
const comparisons = "runtime/src/verify/compare/compare.test.ts";

const mutate = (without: string, file: string, from: Edit["from"], to: string, test: Mutation["test"]): Mutation => {
  return { without, edits: [{ file, from, to }], test };
};

const sandbox: readonly Mutation[] = [
  mutate("the seccomp filter", bubblewrap, '(hasSeccomp ? ["--seccomp"', '(false ? ["--seccomp"', { file: isolation }),
  mutate("an ipc namespace", bubblewrap, '"--unshare-ipc", ', "", { file: isolation }),
  mutate("a pid namespace", bubblewrap, '"--unshare-pid", ', "", { file: isolation }),
  mutate("a uts namespace", bubblewrap, ', "--unshare-uts"', "", { file: isolation }),
  mutate("a network namespace", bubblewrap, 'own.push("--unshare-net")', "own.push()", { file: isolation }),
  mutate("a user namespace", bubblewrap, '"--unshare-user", "--disable-userns", ', "", { file: isolation }),
  mutate("a bar to further user namespaces", bubblewrap, '"--disable-userns", ', "", {
    file: isolation,
    name: "a user namespace inside is refused",
  }),
  mutate("a uid of its own", bubblewrap, "if (uid === null) return [];", "if (uid !== 0) return [];", {
    file: isolation,
  }),
  mutate("supplementary groups dropped", bubblewrap, '"--clear-groups"]', '"--keep-groups"]', { file: isolation }),
  // Where bubblewrap is not started as uid 0, or adds a single one, it drops all others without being told.
  mutate(
    "dropped capabilities where uid 0 starts it",
    bubblewrap,
    'return ["--cap-drop", "ALL", ...[',
    "return [...[",
    {
      file: "runtime/src/sandbox/rootless.spec.ts",
    },
  ),
  mutate("dropped capabilities of the component", bubblewrap, '["-all", ...capabilities', '["+all", ...capabilities', {
    file: isolation,
    name: "of the network server",
  }),
  mutate("a read-only bundle", bubblewrap, 'return ["--ro-bind"', 'return ["--bind"', { file: isolation }),
  mutate("a read-only root", bubblewrap, ', "--remount-ro", "/"]', "]", { file: isolation }),
  mutate("read-only devices", bubblewrap, '["--remount-ro", "/dev"]', "[]", { file: isolation }),
  mutate("a /tmp that ends", bubblewrap, /\["--size", [^,]+, /, "[", { file: isolation }),
  mutate("a cleared environment", bubblewrap, '"--clearenv",', "", { file: isolation }),
  mutate("a session of its own", bubblewrap, '"--new-session", ', "", { file: isolation }),
  mutate("a control group", "runtime/src/sandbox/start.ts", "await joinGroup(host.cgroup, spec.cgroup, pid);", "", {
    file: isolation,
  }),
  mutate("its name as host name", bubblewrap, '"--hostname", spec.name, ', "", { file: isolation }),
  {
    without: "an end with its starter (each of the two ways alone is enough)",
    edits: [
      { file: bubblewrap, from: '"--die-with-parent", ', to: "" },
      { file: bubblewrap, from: '"--pdeathsig", "KILL", ', to: "" },
    ],
    test: { file: lifetime, name: "a starter that is killed leaves no process" },
  },
  mutate("closed descriptors", "runtime/src/sandbox/launch.ts", "stdio[fd] = nothing;", "stdio[fd] = fd;", {
    file: lifetime,
    name: "inherited by accident",
  }),
  mutate(
    "a memory limit",
    "runtime/src/sandbox/cgroup/limits.ts",
    /String\(limits\.memoryBytes\)/g,
    '"9223372036854771712"',
    {
      file: limits,
      name: "beyond the budget",
    },
  ),
  mutate("a limit of processes", "runtime/src/sandbox/cgroup/limits.ts", /String\(limits\.processes\)/g, '"max"', {
    file: limits,
    name: "threads end at the limit",
  }),
  mutate(
    "a quota of processor time",
    "runtime/src/sandbox/cgroup/limits.ts",
    "return cpu.quotaPercent ?? null;",
    "return null;",
    {
      file: limits,
      name: "a reading has the limits",
    },
  ),
  // Cores of a component's own need control groups version 2: their mutations are tried in a guest.
  mutate("cores that are written", cores, /await writeSetting\(directory, "cpuset\.cpus", list\);/g, "", {
    file: scheduling,
    name: "are the only ones",
  }),
  mutate("a look at the cores that it got", cores, 'if (!isSameCores(allowed, cores)) return "unavailable";', "", {
    file: scheduling,
    name: "are not said to be",
  }),
  mutate("deadlines that a thread cannot inherit", deadline, '"--reset-on-fork", ', "", {
    file: scheduling,
    name: "for the main thread",
  }),
  mutate("a look at what deadline it is", deadline, /stdout\.endsWith\(.*\)\n/, "true\n", {
    file: scheduling,
    name: "for the main thread",
  }),
  mutate("rules that drop", firewall, "policy drop;", "policy accept;", {
    file: "runtime/src/network/plan.test.ts",
  }),
];

/** A comparison's line, whatever it is called with. */
const line = (name: string): RegExp => new RegExp(`^ *\\.\\.\\.(\\(await )?${name}\\(.*\\n`, "m");
const without = (what: string, file: string, name: string, test: string): Mutation => {
  return mutate(`verify's look at ${what}`, file, line(name), "", { file: test });
};

const member = "runtime/src/verify/compare/member.ts";
const whole = "runtime/src/verify/compare/sandbox.ts";
const wholeTest = "runtime/src/verify/compare/sandbox.test.ts";
const look = "runtime/src/verify/look.ts";
const spec = "runtime/src/verify/verify.spec.ts";

/** The comparisons of `verify`, one by one. */
const verify: readonly Mutation[] = [
  without("uids and groups", member, "compareIdentity", comparisons),
  without("capabilities", member, "compareCapabilities", comparisons),
  without("seccomp and no_new_privs", member, "compareConfinement", comparisons),
  without("namespaces", member, "compareNamespaces", comparisons),
  without("scheduling", member, "compareScheduling", comparisons),
  without("the groups of threads", member, "compareThreads", comparisons),
  without("mounts", member, "compareMounts", comparisons),
  without("descriptors", member, "compareDescriptors", comparisons),
  without("the environment", member, "compareEnvironment", comparisons),
  without("processes that are apart", whole, "compareAlike", wholeTest),
  without("permissions", whole, "comparePermissions", wholeTest),
  without("limits and members of groups", whole, "compareGroup", wholeTest),
  without("sockets", whole, "compareSockets", wholeTest),
  without("what runs beside the components", look, "compareUnexpected", spec),
  without("the network of the board", look, "compareBoard", spec),
];

const plan = { file: "runtime/src/network/plan.test.ts", name: "the resolver's uid alone may ask" };
const uplink = "runtime/src/network/gateway/uplink.ts";
const search = "runtime/src/network/gateway/search.ts";
const profiles = "runtime/src/sandbox/seccomp/profiles.ts";

/** A gateway that is known by name. */
const gateway: readonly Mutation[] = [
  mutate("the resolver's uid in the rule of questions", firewall, /`meta skuid \$\{names\.uid\} `/, '""', plan),
  mutate("connection tracking of answers", firewall, "th sport 53 ct state established", "th sport 53", plan),
  mutate("a look at a gateway's address", uplink, "mayBeGateway(address, provisioning) ?", "true ?", {
    file: "tests/gateway-name/gateway-name.spec.ts",
  }),
  mutate(
    "a tunnel that is left where it stands",
    search,
    "if (isStanding && search.aim)",
    "if (!search && search.aim)",
    {
      file: "runtime/src/network/gateway/search.test.ts",
    },
  ),
  mutate(
    "a filter without Unix sockets for the resolver",
    profiles,
    "asker: [AF_INET, AF_INET6],",
    "asker: [AF_UNIX, AF_INET, AF_INET6],",
    {
      file: "runtime/src/sandbox/seccomp/filter.test.ts",
    },
  ),
];

const packet = "runtime/src/asker/time/packet.ts";
const choice = "runtime/src/asker/time/choice.ts";
const clock = "runtime/src/clock-server/time.ts";

/** Time servers. */
const time: readonly Mutation[] = [
  mutate("a rule for who asks for the time alone", firewall, /`meta skuid \$\{time\.uid\} `/, '""', {
    file: "runtime/src/network/names.spec.ts",
    name: "nobody on the board",
  }),
  mutate("answers of time servers alone", firewall, "udp sport 123 ct state established", "udp sport 123", {
    file: "runtime/src/network/names.spec.ts",
    name: "reaches nothing of the board",
  }),
  mutate("a number that a time server has to repeat", packet, ".equals(nonce)", ".equals(packet.subarray(24, 32))", {
    file: "runtime/src/asker/time/packet.test.ts",
  }),
  mutate("a majority of time servers", choice, "Math.floor(samples.length / 2) + 1", "1", {
    file: "runtime/src/asker/time/choice.test.ts",
  }),
  mutate("the KMS's word over time servers", clock, "!contradictsKms(model, offer, atUs)", "true", {
    file: "runtime/src/clock-server/time.test.ts",
  }),
];

export const mutations: readonly Mutation[] = [...sandbox, ...verify, ...bounds, ...gateway, ...time];
