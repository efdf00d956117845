/** Tunnels: who owns which address, and what the gateway should let in. */
export { deviceNumberOf } from "./addresses.ts";
export { reconcileTunnels, type Tunnels } from "./reconcile.ts";
