/** The layers of a sandbox, its limits, and the rules of the uplink. */
import { type Mutation, mutate } from "./mutation.ts";

const bubblewrap = "runtime/src/sandbox/bubblewrap.ts";
const isolation = "runtime/src/sandbox/isolation.spec.ts";
const lifetime = "runtime/src/sandbox/lifetime.spec.ts";
const limits = "runtime/src/sandbox/limits.spec.ts";
const scheduling = "runtime/src/sandbox/scheduling.spec.ts";
const deadline = "runtime/src/sandbox/deadline.ts";
const firewall = "runtime/src/network/firewall.ts";
const cores = "runtime/src/sandbox/cgroup/cores.ts";

export const sandbox: readonly Mutation[] = [
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
