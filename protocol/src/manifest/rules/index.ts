/** The rules of the analysis. Each is a file; each has at least one manifest in tests/manifests/invalid/ that breaks it. */
import type { Rule } from "../analysis.ts";
import { boardPolicyRule } from "./board-policy.ts";
import { callCycleRule } from "./call-cycles.ts";
import { configRule } from "./config.ts";
import { cpuRule } from "./cpu.ts";
import { dependencyCycleRule } from "./dependency-cycles.ts";
import { deviceRule } from "./devices.ts";
import { flowRule } from "./flow.ts";
import { grantRule } from "./grants.ts";
import { memoryRule } from "./memory.ts";
import { namesRule } from "./names.ts";
import { pinRule } from "./pins.ts";
import { plantRule } from "./plants.ts";
import { timingRule } from "./timing.ts";

export const rules: readonly Rule[] = [
  namesRule,
  configRule,
  boardPolicyRule,
  deviceRule,
  grantRule,
  pinRule,
  plantRule,
  callCycleRule,
  dependencyCycleRule,
  memoryRule,
  cpuRule,
  timingRule,
  flowRule,
];
