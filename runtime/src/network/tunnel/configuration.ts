/** The tunnel in the words of `wg setconf` (wg(8), "CONFIGURATION FILE FORMAT"). Pure. */
import { isIPv6 } from "node:net";
import { BulkheadError, type Provisioning } from "@bulkhead/protocol";

/**
 * Keeps the mapping of a NAT router open: mappings of UDP live for 30 s on common ones (RFC 4787 asks for 2 minutes,
 * REQ-5, and many do less). Half of that survives one lost packet.
 */
export const keepaliveSeconds = 15;

/**
 * The configuration of a device's tunnel: one peer, and nothing but the KMS's own address accepted from it or sent to
 * it. `privateKey` is base64. Throws KEY_STORE_DAMAGED, without the key, where it is no key.
 */
export function tunnelConfiguration(privateKey: string, { kms }: Provisioning): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(privateKey)) {
    throw new BulkheadError("KEY_STORE_DAMAGED", "the key store gave a tunnel key that is not 32 bytes as base64", {
      remedy: "Enrol the device again with new keys.",
    });
  }
  const { publicKey, endpoint } = peerOf({ kms });
  return [
    "[Interface]",
    `PrivateKey = ${privateKey}`,
    "[Peer]",
    `PublicKey = ${publicKey}`,
    `Endpoint = ${endpoint}`,
    `AllowedIPs = ${kms.address}/128`,
    `PersistentKeepalive = ${keepaliveSeconds}`,
    "",
  ].join("\n");
}

/** The gateway as `wg` writes it. */
export function peerOf({ kms }: Pick<Provisioning, "kms">): { publicKey: string; endpoint: string } {
  const { host, port } = kms.endpoint;
  return { publicKey: toBase64(kms.tunnelKey), endpoint: `${isIPv6(host) ? `[${host}]` : host}:${port}` };
}

function toBase64(key: string): string {
  return Buffer.from(key, "base64url").toString("base64");
}
