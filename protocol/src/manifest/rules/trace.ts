/** The ring of trace entries is memory of the component itself, and must leave it room to work. */
import { atKey, type Rule } from "../analysis.ts";
import { formatSize } from "../units.ts";

export const traceRule: Rule = ({ plan, written, source }) =>
  Object.keys(written.components).flatMap((name) => {
    const { trace, memoryBytes = 0 } = plan.components[name] ?? {};
    if (trace === undefined || trace.ringBytes * 2 <= memoryBytes) return [];
    const message = `the trace ring of \`${name}\` is ${formatSize(trace.ringBytes)}, more than half of its ${formatSize(memoryBytes)} of memory`;
    const path = ["components", name, "trace", "ring"];
    return [atKey(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "lower `ring` or raise `memory`" })];
  });
