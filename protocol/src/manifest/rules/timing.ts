/** Times that contradict each other. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atValue, type Rule } from "../analysis.ts";

export const timingRule: Rule = (analysis) =>
  Object.keys(analysis.written.components).flatMap((name) => checkBackoff(analysis, name));

function checkBackoff({ plan, source }: Analysis, name: string): ErrorReport[] {
  const backoff = plan.components[name]?.restart.backoff;
  if (backoff === undefined || backoff.initialMs <= backoff.maxMs) return [];
  const path = ["components", name, "restart", "backoff"];
  const message = `the back-off of \`${name}\` starts at ${backoff.initialMs} ms and is limited to ${backoff.maxMs} ms`;
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "raise `max` or lower `initial`" })];
}
