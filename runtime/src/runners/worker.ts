/**
 * Runner `worker`: threads of one Node process, a trust group. This is one member as it would be alone; the root server
 * joins the members (trust-groups/).
 */
import { nodeInside, nodeMounts } from "../sandbox/index.ts";
import { bundleMount, nodeEnvironment, type Runner } from "./execution.ts";
import { nodeOptions } from "./node.ts";

const hostInside = "/run/bulkhead/worker-host";

export const workerRunner: Runner = async (subject) => ({
  // V8 takes its options for each thread's heap. No thread collects at rest: others share its time.
  command: [
    nodeInside,
    ...nodeOptions(subject.component).filter((option) => option !== "--expose-gc"),
    `${hostInside}/main.js`,
  ],
  environment: nodeEnvironment,
  mounts: [
    ...(await nodeMounts(subject.nodePath)),
    { kind: "ro", source: subject.workerHost, target: hostInside },
    bundleMount(subject),
  ],
  profile: "component",
  surroundings: "hosted",
});
