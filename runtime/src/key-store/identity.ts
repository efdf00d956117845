/** What the key store does with the keys for others: sign who this device is, and nothing else. */
import { randomBytes } from "node:crypto";
import { BulkheadError, deviceIdOf, signMessage, type Transcript, transcriptBytes } from "@bulkhead/protocol";
import type { DeviceKeys } from "./key-record.ts";

/**
 * The device's signature over a transcript of the command channel. Refuses (IPC_ARGUMENTS_INVALID) a transcript that
 * speaks of another device or tunnel: an agent that lies gets no signature that could be used elsewhere.
 */
export function signTranscript(keys: DeviceKeys, transcript: Transcript): { signature: string } {
  const deviceId = deviceIdOf(keys.deviceKey.publicKey);
  if (transcript.deviceId !== deviceId) {
    throw new BulkheadError("IPC_ARGUMENTS_INVALID", `the key store signs for ${deviceId} only`);
  }
  if (transcript.deviceTunnelKey !== keys.tunnelKey.publicKey) {
    throw new BulkheadError("IPC_ARGUMENTS_INVALID", "the key store signs for its own tunnel key only");
  }
  return { signature: signMessage(keys.deviceKey, transcriptBytes("device", transcript)) };
}

/** `count` bytes from the kernel's random source. */
export function randomData(count: number): { data: Uint8Array<ArrayBuffer> } {
  return { data: new Uint8Array(randomBytes(count)) };
}

/** The private half of the tunnel key in the form that `wg` reads: base64 with padding. */
export function tunnelPrivateKey(keys: DeviceKeys): { privateKey: string } {
  return { privateKey: Buffer.from(keys.tunnelKey.privateKey, "base64url").toString("base64") };
}
