/** Runner `node`: one JavaScript bundle on the device's own Node. */
import type { Component } from "@bulkhead/protocol";
import { inspectorAddress } from "../operator/inspector-address.ts";
import { nodeInside, nodeMounts } from "../sandbox/index.ts";
import { bundleInside, bundleMount, nodeEnvironment, type Runner } from "./execution.ts";

const mebibyte = 1024 * 1024;
/** V8's heap may have this part of a component's memory; the rest is Node itself, buffers and stacks. */
const heapShare = 0.5;

export const nodeRunner: Runner = async (subject) => ({
  command: [nodeInside, ...nodeOptions(subject.component), `${bundleInside}/main.js`],
  environment: nodeEnvironment,
  mounts: [...(await nodeMounts(subject.nodePath)), bundleMount(subject)],
  profile: "component",
  surroundings: "hosted",
});

/** What Node is told about its component: limits, and whether it may be looked into. */
export function nodeOptions({
  cpu,
  memoryBytes,
  attach = [],
}: Pick<Component, "cpu" | "memoryBytes"> & Partial<Pick<Component, "attach">>): string[] {
  return [...heapOptions(memoryBytes), ...threadOptions(cpu), ...inspectorOptions(attach)];
}

const neverOpen = "--disable-sigusr1";

/**
 * Node opens its inspector at SIGUSR1. Where the manifest names the inspector that is how an operator has it opened, at the one
 * place that is asked for it; elsewhere the signal does nothing: by an option of newer Nodes (22.14 on), by a listener of the SDK
 * (sdk/src/process-host.ts) in all.
 */
function inspectorOptions(attach: Component["attach"]): string[] {
  if (attach.includes("inspector")) return [`--inspect-port=${inspectorAddress}`];
  return process.allowedNodeEnvironmentFlags.has(neverOpen) ? [neverOpen] : [];
}

// Without it V8 takes its measure from the host's memory, collects late, and the kernel ends the component for garbage.
function heapOptions(memoryBytes: number): string[] {
  const heapMebibytes = Math.max(16, Math.floor((memoryBytes / mebibyte) * heapShare));
  return [`--max-old-space-size=${heapMebibytes}`, "--max-semi-space-size=1"];
}

// A deadline is the main thread's alone. V8's threads for compiling and collecting are not under it, and the main thread
// waits for them: with the compiler's alone left it missed up to 6 of 100 deadlines beside busy loops, and none without.
// Nor may it stop to collect when it is at rest, as the SDK lets the others do (sdk/src/tidying.ts).
function threadOptions(cpu: Component["cpu"]): string[] {
  return cpu.class === "deadline" ? ["--single-threaded"] : ["--expose-gc", "--v8-pool-size=1"];
}
