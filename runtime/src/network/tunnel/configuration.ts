/** The tunnel in the words of `wg setconf` (wg(8), "CONFIGURATION FILE FORMAT"). Pure. */
import { isIPv6 } from "node:net";
import { BulkheadError, type Provisioning } from "@bulkhead/protocol";

/**
 * Keeps the mapping of a NAT router open: mappings of UDP live for 30 s on common ones (RFC 4787 asks for 2 minutes,
 * REQ-5, and many do less). Half of that survives one lost packet.
 */
export const keepaliveSeconds = 15;

/** Where the gateway is. */
export type Endpoint = { readonly address: string; readonly port: number };

/**
 * The configuration of a device's tunnel: one peer, and nothing but the KMS's own address accepted from it or sent to
 * it. `privateKey` is base64; `endpoint` null: not known yet. Throws KEY_STORE_DAMAGED, without the key, where it is no key.
 */
export function tunnelConfiguration(privateKey: string, { kms }: Provisioning, endpoint: Endpoint | null): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(privateKey)) {
    throw new BulkheadError("KEY_STORE_DAMAGED", "the key store gave a tunnel key that is not 32 bytes as base64", {
      remedy: "Enrol the device again with new keys.",
    });
  }
  return [
    "[Interface]",
    `PrivateKey = ${privateKey}`,
    "[Peer]",
    `PublicKey = ${toBase64(kms.tunnelKey)}`,
    ...(endpoint ? [`Endpoint = ${formatEndpoint(endpoint)}`] : []),
    `AllowedIPs = ${kms.address}/128`,
    `PersistentKeepalive = ${keepaliveSeconds}`,
    "",
  ].join("\n");
}

/**
 * What `wg` is told to send to another endpoint, from whichever of the board's addresses fits. A keep-alive that is turned
 * off and on is sent at once, so a handshake is tried without waiting for something to send.
 */
export function endpointChanges(
  interfaceName: string,
  { kms }: Pick<Provisioning, "kms">,
  endpoint: Endpoint,
): string[][] {
  const peer = ["set", interfaceName, "peer", toBase64(kms.tunnelKey)];
  return [
    [...peer, "endpoint", formatEndpoint(endpoint), "persistent-keepalive", "0"],
    [...peer, "persistent-keepalive", `${keepaliveSeconds}`],
  ];
}

function formatEndpoint({ address, port }: Endpoint): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

function toBase64(key: string): string {
  return Buffer.from(key, "base64url").toString("base64");
}
