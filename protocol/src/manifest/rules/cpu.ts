/** Deadline budgets are what the kernel's admission control would grant; `check` refuses what it would refuse. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";
import { exclusiveCores } from "./cores.ts";

// Linux: kernel.sched_deadline_period_min_us and _max_us; sched_rt_runtime_us leaves 5 % of a core to everybody else.
const minPeriodUs = 100;
const maxPeriodUs = 4_194_304;
const usablePercent = 95;
// DL_SCALE of kernel/sched/deadline.c: a budget below 1024 ns is refused.
const minBudgetUs = 2;

type Deadline = { name: string; budgetUs: number; periodUs: number; cores: readonly number[] };

export const cpuRule: Rule = (analysis) => {
  const deadlines = Object.entries(analysis.plan.components).flatMap(([name, { cpu, cores }]): Deadline[] =>
    cpu.class === "deadline" ? [{ name, budgetUs: cpu.budgetUs, periodUs: cpu.periodUs, cores }] : [],
  );
  const single = deadlines.flatMap((deadline) => checkOne(analysis, deadline));
  if (single.length > 0) return single;
  return [
    ...checkSum(
      analysis,
      deadlines.filter(({ cores }) => cores.length === 0),
    ),
    ...checkPlaced(analysis, deadlines),
  ];
};

function checkOne({ source }: Analysis, { name, budgetUs, periodUs }: Deadline): ErrorReport[] {
  const path = ["components", name, "cpu"];
  if (periodUs < minPeriodUs || periodUs > maxPeriodUs) {
    const message = `the period of \`${name}\` is ${periodUs} us, and the kernel takes ${minPeriodUs} us to ${maxPeriodUs} us`;
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, "period"], message })];
  }
  if (budgetUs < minBudgetUs) {
    const message = `the budget of \`${name}\` is ${budgetUs} us, and the kernel takes at least ${minBudgetUs} us`;
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, "budget"], message })];
  }
  if (budgetUs * 100 <= periodUs * usablePercent) return [];
  const message = `\`${name}\` asks for ${percent(budgetUs / periodUs)} of a core; at most ${usablePercent} % can be promised`;
  const remedy = "lower the budget or lengthen the period";
  return [atValue(source, { code: "MANIFEST_CPU_OVERCOMMITTED", path: [...path, "budget"], message, remedy })];
}

// Without placement the kernel admits by the sum over all cores that no other deadline has for itself.
function checkSum(analysis: Analysis, deadlines: readonly Deadline[]): ErrorReport[] {
  const { source, board } = analysis;
  const share = shareOf(deadlines);
  const cores = board.cores - exclusiveCores(analysis).size;
  const limit = (cores * usablePercent) / 100;
  // With no core left another rule has spoken.
  if (share <= limit || cores <= 0) return [];
  const message = `deadline budgets add up to ${percent(share)} of a core, and board \`${board.board}\` can promise ${percent(limit)} (${cores} × ${usablePercent} %)`;
  const remedy = "lower budgets, lengthen periods, or make some components `class: fair`";
  return [atKey(source, { code: "MANIFEST_CPU_OVERCOMMITTED", path: ["components"], message, remedy })];
}

// Components on the same cores share one exclusive cpuset, with an admission of its own.
function checkPlaced({ source }: Analysis, deadlines: readonly Deadline[]): ErrorReport[] {
  const sets = new Map<string, Deadline[]>();
  for (const deadline of deadlines.filter(({ cores }) => cores.length > 0)) {
    const key = [...deadline.cores].sort((a, b) => a - b).join(", ");
    sets.set(key, [...(sets.get(key) ?? []), deadline]);
  }
  return [...sets].flatMap(([cores, members]) => {
    const share = shareOf(members);
    const limit = ((members[0]?.cores.length ?? 0) * usablePercent) / 100;
    const last = members.at(-1);
    if (share <= limit || last === undefined) return [];
    const message = `deadline budgets on core ${cores} add up to ${percent(share)} of a core, and ${percent(limit)} can be promised there`;
    const remedy = "lower budgets, lengthen periods, or move one to another core";
    const path = ["components", last.name, "cpu", "budget"];
    return [atValue(source, { code: "MANIFEST_CPU_OVERCOMMITTED", path, message, remedy })];
  });
}

const shareOf = (deadlines: readonly Deadline[]): number =>
  deadlines.reduce((total, { budgetUs, periodUs }) => total + budgetUs / periodUs, 0);

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
