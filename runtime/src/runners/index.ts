/** Runner → how it runs: the one table that says what executes a component, and in what surroundings. */
import type { RunnerName } from "@bulkhead/protocol";
import { beamRunner } from "./beam.ts";
import { bunRunner } from "./bun.ts";
import type { Execution, Runner, Subject } from "./execution.ts";
import { nativeRunner } from "./native.ts";
import { nodeRunner } from "./node.ts";
import { vmRunner } from "./vm.ts";
import { workerRunner } from "./worker.ts";

export { bundleInside, type Execution } from "./execution.ts";

const runners: Readonly<Record<RunnerName, Runner>> = {
  node: nodeRunner,
  bun: bunRunner,
  worker: workerRunner,
  native: nativeRunner,
  beam: beamRunner,
  vm: vmRunner,
};

/** How `subject` is executed. Throws COMPONENT_START_FAILED where this device has not what its runner needs. */
export async function executionOf(subject: Subject): Promise<Execution> {
  return await runners[subject.component.runner](subject);
}
