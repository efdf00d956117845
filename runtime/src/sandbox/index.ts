/** The sandbox of one component: made, limited, measured, removed. */
export { plannedMounts } from "./bubblewrap.ts";
export { nothingCounted } from "./cgroup/end-of-use.ts";
export { removeCgroups } from "./cgroup/group.ts";
export type { CgroupHost } from "./cgroup/host.ts";
export { type CgroupReading, cgroupMounts, readCgroup } from "./cgroup/read.ts";
export { tryDeadline } from "./deadline.ts";
export { untilEnded } from "./ended.ts";
export { detectHost, type HostCapabilities } from "./host.ts";
export { keepToCores } from "./housekeeping.ts";
export { childrenOf } from "./level.ts";
export { mergeMounts, nodeInside, nodeMounts, programMounts } from "./mounts.ts";
export { programEnvironment } from "./programs.ts";
export {
  boardsNetwork,
  type Capability,
  type EndOfUse,
  type ExitStatus,
  type Mount,
  type Sandbox,
  type SandboxSpec,
} from "./spec.ts";
export { startSandbox } from "./start.ts";
