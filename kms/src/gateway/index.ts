/** What the KMS and its launcher need of the gateway: a client, and the form of its configuration. */
export { type GatewayClient, gatewayClient } from "./client.ts";
export { type GatewayConfig, gatewayConfigSchema } from "./config.ts";
export type {
  GatewayStatus,
  Peer,
  PeersSet,
} from "./messages.ts";
