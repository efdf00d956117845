/** What the KMS and its gateway say to each other over the control socket. Both ends parse with these schemas. */
import { key32Schema } from "@bulkhead/protocol";
import { z } from "zod";

/** wireguard-go takes 65,536 peers (device/constants.go, MaxPeers). */
export const maxPeers = 65_536;

export const peerSchema = z.strictObject({
  /** The device's public tunnel key. */
  publicKey: key32Schema,
  /** The device's /112: `fd…::/112`, or its address alone as in the device's provisioning. */
  allowedPrefix: z.string().max(64),
});
export type Peer = z.infer<typeof peerSchema>;

/** `PUT /peers`: from now on exactly these. */
export const setPeersSchema = z.strictObject({ peers: z.array(peerSchema).max(maxPeers) });

/** Answer to `PUT /peers`. */
export const peersSetSchema = z.strictObject({
  added: z.number().int().nonnegative(),
  removed: z.number().int().nonnegative(),
});
export type PeersSet = z.infer<typeof peersSetSchema>;

/** `POST /reset-peer`: forget what was agreed with this peer, the time of its last handshake among it. */
export const resetPeerSchema = z.strictObject({ publicKey: key32Schema });
export const peerResetSchema = z.strictObject({ reset: key32Schema });

/** Answer to `GET /status`. */
export const gatewayStatusSchema = z.strictObject({
  interface: z.string(),
  backend: z.enum(["userspace", "kernel"]),
  peers: z.array(
    z.strictObject({
      publicKey: key32Schema,
      /** Since 1970; null before the first handshake. */
      latestHandshakeMs: z.number().int().positive().nullable(),
      /** Where the device's packets last came from, `host:port`; null before the first. */
      endpoint: z.string().nullable(),
      /** Bytes since the peer was added. */
      rx: z.number().int().nonnegative(),
      tx: z.number().int().nonnegative(),
    }),
  ),
});
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;

/** Answer where something was refused or failed. */
export const failureSchema = z.strictObject({ code: z.string(), message: z.string() });
