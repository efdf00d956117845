/** Runner `node`: one JavaScript bundle on the device's own Node. */
import { nodeInside, nodeMounts } from "../sandbox/index.ts";
import { bundleInside, bundleMount, hostedEnvironment, type Runner } from "./execution.ts";

const mebibyte = 1024 * 1024;
/** V8's heap may have this part of a component's memory; the rest is Node itself, buffers and stacks. */
const heapShare = 0.5;

export const nodeRunner: Runner = async (subject) => ({
  command: [nodeInside, ...heapOptions(subject.component.memoryBytes), `${bundleInside}/main.js`],
  environment: hostedEnvironment,
  mounts: [...(await nodeMounts(subject.nodePath)), bundleMount(subject)],
  profile: "component",
  surroundings: "hosted",
});

// Without it V8 takes its measure from the host's memory, collects late, and the kernel ends the component for garbage.
function heapOptions(memoryBytes: number): string[] {
  const heapMebibytes = Math.max(16, Math.floor((memoryBytes / mebibyte) * heapShare));
  return [`--max-old-space-size=${heapMebibytes}`, "--max-semi-space-size=1"];
}
