/** The device's network: planned from the system, applied by the root server, its tunnel held by the network server. */
export { type ApplyOptions, applySteps } from "./apply.ts";
export { type NetworkChange, planNetworkChange } from "./change.ts";
export { firstUplink, type UplinkPlan } from "./firewall.ts";
export { createUplink, type Uplink } from "./gateway/uplink.ts";
export { linkOf } from "./links.ts";
export { createNamespaces, deleteNamespaces, namespacePath } from "./namespaces.ts";
export {
  componentNamespace,
  hasOwnNetwork,
  type NetworkNamespace,
  type NetworkPlan,
  type NetworkStep,
  planNetwork,
} from "./plan.ts";
export { networkServerMounts } from "./server-mounts.ts";
export { createTunnelEnd, type TunnelEnd } from "./tunnel-end.ts";
export { catchUp, tunnelTimeDirectory } from "./tunnel-time.ts";
