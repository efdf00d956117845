/** Asks one time server: a socket and a random port for each question, and nothing heard but that server's answer to it. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type Heard, makeRequest, readReply } from "./packet.ts";

/** A packet that answers nothing does not end the wait for one that does; so many of them do. */
const maxPackets = 16;

export type Exchange = { readonly sentMs: number; readonly heardMs: number; readonly heard: Heard };

/** CLOCK_MONOTONIC, as the clock server reads it. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** Never throws. What is not heard within `waitMs` is no answer. */
export function exchange(address: string, port: number, waitMs: number): Promise<Exchange> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const nonce = randomBytes(8);
  return new Promise((resolve) => {
    let sentMs = monotonicMs();
    let last: Heard = { kind: "other", why: "did not come" };
    let left = maxPackets;
    const end = (heard: Heard) => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      socket.close();
      resolve({ sentMs, heardMs: monotonicMs(), heard });
    };
    const timer = setTimeout(() => end(last), waitMs);
    socket.on("error", ({ code }: NodeJS.ErrnoException) => end({ kind: "other", why: `did not come (${code})` }));
    socket.on("message", (packet) => {
      last = readReply(packet, nonce);
      left -= 1;
      if (last.kind !== "other" || left === 0) end(last);
    });
    socket.on("connect", () => {
      sentMs = monotonicMs();
      socket.send(makeRequest(nonce));
    });
    // Connected, the kernel hands over what comes from there and nothing else. Without a callback, which would get the error (no way
    // leads there) in the place of the listener above.
    socket.connect(port, address);
  });
}
