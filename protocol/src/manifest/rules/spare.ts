/** A spare is a second process that stands by: of what there is only once it can hold nothing. */
import { type Analysis, atValue, type Rule } from "../analysis.ts";
import type { PlannedComponent } from "../plan.ts";

export const spareRule: Rule = (analysis) =>
  Object.keys(analysis.written.components).flatMap((name) => {
    const component = analysis.plan.components[name];
    const why = component?.spare === true ? reason(component, analysis) : undefined;
    if (why === undefined) return [];
    const message = `\`${name}\` cannot have a spare: ${why}`;
    const path = ["components", name, "spare"];
    return [atValue(analysis.source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "remove `spare`" })];
  });

function reason({ devices, runner, restart, cpu, cores }: PlannedComponent, { board }: Analysis): string | undefined {
  const [device] = devices;
  if (device !== undefined) return `board \`${board.board}\` has one \`${device}\`, and two processes would open it`;
  if (runner === "worker") return "its process is that of its trust group";
  if (runner === "vm") return "a guest takes its whole memory while it only stands by";
  if (cpu.class === "deadline" && cores.length > 0)
    return "its cores are exclusive to one process, as its deadline demands";
  if (restart.policy === "temporary") return "it is temporary, so nothing takes over from it";
  if (restart.hold) return "it is held after a crash, so nothing takes over from it";
  if (restart.intensity === 0) return "its restart intensity is 0, so nothing takes over from it";
  return undefined;
}
