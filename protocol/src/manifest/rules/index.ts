/** The rules of the analysis. Each is a file; each has at least one manifest in tests/manifests/invalid/ that breaks it. */
import type { Rule } from "../analysis.ts";
import { boardPolicyRule } from "./board-policy.ts";
import { callCycleRule } from "./call-cycles.ts";
import { channelTermsRule } from "./channel-terms.ts";
import { configRule } from "./config.ts";
import { coreRule } from "./cores.ts";
import { cpuRule } from "./cpu.ts";
import { dependencyCycleRule } from "./dependency-cycles.ts";
import { deviceRule } from "./devices.ts";
import { driverDeviceRule } from "./driver-devices.ts";
import { driverInterfaceRule } from "./driver-interfaces.ts";
import { flowRule } from "./flow.ts";
import { grantRule } from "./grants.ts";
import { guestRule } from "./guest.ts";
import { layerRule } from "./layers.ts";
import { leaseRule } from "./leases.ts";
import { memoryRule } from "./memory.ts";
import { namesRule } from "./names.ts";
import { overlayableRule } from "./overlayable.ts";
import { pinRule } from "./pins.ts";
import { plantRule } from "./plants.ts";
import { primitiveRule } from "./primitives.ts";
import { repeatRule } from "./repeats.ts";
import { runnerRule } from "./runners.ts";
import { secretRule } from "./secrets.ts";
import { serialPortRule } from "./serial-ports.ts";
import { spareRule } from "./spare.ts";
import { storageRule } from "./storage.ts";
import { timingRule } from "./timing.ts";
import { traceRule } from "./trace.ts";
import { trustGroupRule } from "./trust-groups.ts";

export const rules: readonly Rule[] = [
  namesRule,
  repeatRule,
  configRule,
  boardPolicyRule,
  primitiveRule,
  runnerRule,
  guestRule,
  trustGroupRule,
  deviceRule,
  driverDeviceRule,
  driverInterfaceRule,
  grantRule,
  pinRule,
  serialPortRule,
  plantRule,
  channelTermsRule,
  leaseRule,
  callCycleRule,
  dependencyCycleRule,
  memoryRule,
  storageRule,
  traceRule,
  coreRule,
  cpuRule,
  layerRule,
  timingRule,
  spareRule,
  secretRule,
  overlayableRule,
  flowRule,
];
