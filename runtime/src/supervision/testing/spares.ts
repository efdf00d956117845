/** The hands on the spares of the test world: what a process that stands by can do, and what its timers do to it. */
import type { Exit, SupervisionEvent } from "../event.ts";
import type { Table } from "./table.ts";
import type { WithoutTime } from "./world.ts";

export function makeSpares(table: Table, happen: (event: WithoutTime<SupervisionEvent>) => void) {
  const idOf = (component: string) => table.spares.get(component)?.spare ?? -1;

  function built(component: string): void {
    const process = table.spares.get(component);
    if (process?.stage !== "building") return;
    process.stage = "alive";
    happen({ kind: "spare-spawned", component, spare: process.spare });
  }

  function standBy(component: string): void {
    if (table.spares.get(component)?.told) happen({ kind: "spare-standing-by", component, spare: idOf(component) });
  }

  function exit(component: string, how: Exit = { code: 1, signal: null }, jitter = 0): void {
    const spare = idOf(component);
    if (table.spares.delete(component)) happen({ kind: "spare-exited", component, spare, exit: how, jitter });
  }

  function elapse(component: string): void {
    const armed = table.spareTimers.get(component);
    if (!armed) return;
    table.spareTimers.delete(component);
    table.nowMs = Math.max(table.nowMs, armed.atMs);
    happen({ kind: "spare-elapsed", component, spare: armed.spare });
  }

  function obey(component: string): void {
    built(component);
    if (table.spares.get(component)?.killed) exit(component, { code: null, signal: "SIGKILL" });
    else standBy(component);
    if (table.spareTimers.get(component)?.timer === "spare-backoff") elapse(component);
  }

  return { idOf, built, standBy, exit, elapse, obey };
}
