/** What a gateway hears of a board: the first message of a WireGuard handshake. Answers nothing. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { generateX25519Key } from "@bulkhead/protocol";
import { isInitiation } from "../../../runtime/src/network/testing/initiation.ts";
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
  const { publicKey: tunnelKey } = generateX25519Key();
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  const asked = new Promise<void>((resolve) => {
    socket.on("message", (message) => isInitiation(message, tunnelKey) && resolve());
  });
  return { gateway: { host: hostOfBoard, port, tunnelKey }, asked, close: () => socket.close() };
}
