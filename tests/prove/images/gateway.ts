/** What a gateway hears of a board: the first message of a WireGuard handshake. Answers nothing. */
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { generateTunnelKey } from "@bulkhead/protocol";
import { blake2s } from "@noble/hashes/blake2.js";
import type { Gateway } from "./identity.ts";

/** Where a board behind QEMU's own network finds the machine that QEMU runs on. */
const hostOfBoard = "10.0.2.2";

export type Listener = {
  readonly gateway: Gateway;
  /** Resolves once somebody asked for a handshake who knows this gateway's key. */
  readonly asked: Promise<void>;
  close(): void;
};

export async function listen(): Promise<Listener> {
  const { publicKey: tunnelKey } = generateTunnelKey();
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  const asked = new Promise<void>((resolve) => {
    socket.on("message", (message) => isInitiation(message, tunnelKey) && resolve());
  });
  return { gateway: { host: hostOfBoard, port, tunnelKey }, asked, close: () => socket.close() };
}

/** Type 1, 148 bytes, and a mac1 that only who has the responder's public key can make (WireGuard's whitepaper, 5.4.2 and 5.4.4). */
function isInitiation(message: Buffer, tunnelKey: string): boolean {
  if (message.length !== 148 || message.readUInt32LE(0) !== 1) return false;
  const key = createHash("blake2s256").update("mac1----").update(Buffer.from(tunnelKey, "base64url")).digest();
  return message.subarray(116, 132).equals(blake2s(message.subarray(0, 116), { key, dkLen: 16 }));
}
