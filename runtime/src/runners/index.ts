/** Runner → how it runs: the one table that says what executes a component, and in what surroundings. */
import { BulkheadError, type RunnerName } from "@bulkhead/protocol";
import { beamRunner } from "./beam.ts";
import { bunRunner } from "./bun.ts";
import type { Execution, Runner, Subject } from "./execution.ts";
import { nativeRunner } from "./native.ts";
import { nodeRunner } from "./node.ts";
import { workerRunner } from "./worker.ts";

export { bundleInside, type Execution } from "./execution.ts";

const runners: Readonly<Partial<Record<RunnerName, Runner>>> = {
  node: nodeRunner,
  bun: bunRunner,
  worker: workerRunner,
  native: nativeRunner,
  beam: beamRunner,
};

/** How `subject` is executed. Throws COMPONENT_START_FAILED where this version, or this device, has not its runner. */
export async function executionOf(subject: Subject): Promise<Execution> {
  const { runner } = subject.component;
  const make = runners[runner];
  if (make) return await make(subject);
  throw new BulkheadError("COMPONENT_START_FAILED", `${subject.name}: this version has no runner \`${runner}\``, {
    remedy: `use one of ${Object.keys(runners).join(", ")}`,
  });
}
