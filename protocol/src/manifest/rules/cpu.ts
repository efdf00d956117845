/** Deadline budgets are what the kernel's admission control would grant; `check` refuses what it would refuse. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";

// Linux: kernel.sched_deadline_period_min_us and _max_us; sched_rt_runtime_us leaves 5 % of a core to everybody else.
const minPeriodUs = 100;
const maxPeriodUs = 4_194_304;
const usablePercent = 95;

type Deadline = { name: string; budgetUs: number; periodUs: number };

export const cpuRule: Rule = (analysis) => {
  const deadlines = Object.entries(analysis.plan.components).flatMap(([name, { cpu }]): Deadline[] =>
    cpu.class === "deadline" ? [{ name, budgetUs: cpu.budgetUs, periodUs: cpu.periodUs }] : [],
  );
  const single = deadlines.flatMap((deadline) => checkOne(analysis, deadline));
  return single.length > 0 ? single : checkSum(analysis, deadlines);
};

function checkOne({ source }: Analysis, { name, budgetUs, periodUs }: Deadline): ErrorReport[] {
  const path = ["components", name, "cpu"];
  if (periodUs < minPeriodUs || periodUs > maxPeriodUs) {
    const message = `the period of \`${name}\` is ${periodUs} us, and the kernel takes ${minPeriodUs} us to ${maxPeriodUs} us`;
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, "period"], message })];
  }
  if (budgetUs * 100 <= periodUs * usablePercent) return [];
  const message = `\`${name}\` asks for ${percent(budgetUs / periodUs)} of a core; at most ${usablePercent} % can be promised`;
  const remedy = "lower the budget or lengthen the period";
  return [atValue(source, { code: "MANIFEST_CPU_OVERCOMMITTED", path: [...path, "budget"], message, remedy })];
}

// Without placement on cores the kernel admits by the sum over all of them.
function checkSum({ source, board }: Analysis, deadlines: readonly Deadline[]): ErrorReport[] {
  const share = deadlines.reduce((total, { budgetUs, periodUs }) => total + budgetUs / periodUs, 0);
  const limit = (board.cores * usablePercent) / 100;
  if (share <= limit) return [];
  const message = `deadline budgets add up to ${percent(share)} of a core, and board \`${board.board}\` can promise ${percent(limit)} (${board.cores} × ${usablePercent} %)`;
  const remedy = "lower budgets, lengthen periods, or make some components `class: fair`";
  return [atKey(source, { code: "MANIFEST_CPU_OVERCOMMITTED", path: ["components"], message, remedy })];
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
