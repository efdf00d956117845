/** Placement on processor cores: they exist, and those of a deadline are its own, as the kernel demands it. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";

type Placed = { name: string; cores: readonly number[]; deadline: boolean };

export const coreRule: Rule = (analysis) => {
  const placed = placedComponents(analysis);
  const unknown = [...checkHouse(analysis), ...placed.flatMap((one) => checkKnown(analysis, one))];
  if (unknown.length > 0) return unknown;
  return [
    ...checkHousekeeping(analysis),
    ...placed.flatMap((one, index) => checkConflict(analysis, one, placed.slice(0, index))),
    ...checkRest(analysis, placed),
    ...Object.keys(analysis.written.components).flatMap((name) => checkQuota(analysis, name)),
  ];
};

// Those that name their cores; the others are where the housekeeping is.
function placedComponents({ written }: Analysis): Placed[] {
  return Object.entries(written.components).flatMap(([name, { cpu }]) =>
    cpu?.cores ? [{ name, cores: cpu.cores, deadline: cpu.class === "deadline" }] : [],
  );
}

const checkKnown = (analysis: Analysis, { name, cores }: Placed) =>
  checkCores(analysis, cores, ["components", name, "cpu", "cores"]);

const checkHouse = (analysis: Analysis) => checkCores(analysis, analysis.plan.housekeepingCores, [housekeepingKey]);

function checkCores({ board, source }: Analysis, cores: readonly number[], path: string[]): ErrorReport[] {
  return cores.flatMap((core, index) => {
    if (core < board.cores) return [];
    const message = `board \`${board.board}\` has no core ${core}: it has ${board.cores}, counted from 0`;
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, index], message })];
  });
}

// The kernel gives SCHED_DEADLINE only to a task that may run everywhere, or alone on its cores (sched(7)).
function checkHousekeeping(analysis: Analysis): ErrorReport[] {
  const { plan, source } = analysis;
  if (plan.housekeepingCores.length === 0) return [];
  const exclusive = exclusiveCores(analysis);
  const taken = plan.housekeepingCores.flatMap((core, index) => {
    if (!exclusive.has(core)) return [];
    const message = `core ${core} is for the runtime, and a component with a deadline has it for itself`;
    const path = [housekeepingKey, index];
    return [atValue(source, { code: "MANIFEST_CORES_CONFLICT", path, message, remedy: "take different cores" })];
  });
  const homeless = Object.entries(plan.components).flatMap(([name, { cpu, cores }]) => {
    if (cpu.class !== "deadline" || cores.length > 0) return [];
    const message = `\`${name}\` has a deadline and names no cores, and may not be where the runtime is kept`;
    const path = ["components", name, "cpu"];
    return [atValue(source, { code: "MANIFEST_CORES_CONFLICT", path, message, remedy: "give it `cores` of its own" })];
  });
  return [...taken, ...homeless];
}

// A deadline with placement lives in an exclusive cpuset (sched(7), cpuset partitions): the same cores or none in common.
function checkConflict({ source }: Analysis, one: Placed, before: readonly Placed[]): ErrorReport[] {
  const other = before.find((candidate) => isConflict(one, candidate));
  if (other === undefined) return [];
  const index = one.cores.findIndex((core) => other.cores.includes(core));
  const [owner, guest] = other.deadline ? [other, one] : [one, other];
  const message = guest.deadline
    ? `the cores of \`${one.name}\` and \`${other.name}\` overlap in part, and both have deadlines`
    : `core ${one.cores[index]} is exclusive to \`${owner.name}\`, which has a deadline there, and \`${guest.name}\` is placed on it too`;
  const remedy = guest.deadline ? "give both the same cores, or none in common" : "place them on different cores";
  return [atValue(source, { code: "MANIFEST_CORES_CONFLICT", path: coresPath(one.name, index), message, remedy })];
}

function isConflict(a: Placed, b: Placed): boolean {
  if (!a.deadline && !b.deadline) return false;
  const common = a.cores.filter((core) => b.cores.includes(core)).length;
  const equal = common === a.cores.length && common === b.cores.length;
  return common > 0 && !(a.deadline && b.deadline && equal);
}

/** Cores that deadlines have for themselves. */
export function exclusiveCores({ plan }: Pick<Analysis, "plan">): Set<number> {
  const deadlines = Object.values(plan.components).filter(({ cpu }) => cpu.class === "deadline");
  return new Set(deadlines.flatMap(({ cores }) => cores));
}

function checkRest(analysis: Analysis, placed: readonly Placed[]): ErrorReport[] {
  const { board, source } = analysis;
  const last = placed.findLast(({ deadline }) => deadline);
  if (last === undefined || exclusiveCores(analysis).size < board.cores) return [];
  const message = `deadlines have every core of board \`${board.board}\` for themselves, and nothing else could run`;
  const remedy = "leave out `cores` of one, or leave a core to the others";
  return [atValue(source, { code: "MANIFEST_CORES_CONFLICT", path: coresPath(last.name, 0), message, remedy })];
}

function checkQuota({ plan, board, source }: Analysis, name: string): ErrorReport[] {
  const { cpu, cores = [] } = plan.components[name] ?? {};
  if (cpu?.class !== "fair" || cpu.quotaPercent === undefined) return [];
  const count = cores.length || board.cores;
  if (cpu.quotaPercent <= count * 100) return [];
  const where = cores.length > 0 ? `on core ${cores.join(", ")}` : `of board \`${board.board}\``;
  const message = `the quota of \`${name}\` is ${cpu.quotaPercent}%, and there is ${count * 100}% ${where}`;
  const path = ["components", name, "cpu", "quota"];
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "lower it, or leave it out" })];
}

const housekeepingKey = "housekeeping-cores";
const coresPath = (name: string, index: number) => ["components", name, "cpu", "cores", index];
