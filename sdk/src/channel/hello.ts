/** The first message of both ends: who is there, built from which interface. */
import { BulkheadError, channelProtocol, type Frame, type Hello, helloSchema } from "@bulkhead/protocol";
import type { AnyInterface } from "../component.ts";

/**
 * A client that has not said hello so long after a provider took its connection loses it. The other way round there is no bound: a client
 * waits as long as the root server says that the provider is up, and its calls have their deadlines.
 */
export const helloMs = 5_000;

/** Who speaks at this end. */
export type Self = { component: string; incarnation: number };

export function helloFrame(iface: AnyInterface, self: Self): Frame {
  const hello: Hello = { protocol: channelProtocol, interface: iface.name, digest: iface.digest, ...self };
  return [2, "hello", hello];
}

/**
 * Reads the peer's first message.
 *
 * @throws BulkheadError IPC_FRAME_INVALID where it is no hello, IPC_INTERFACE_MISMATCH where the peer was built otherwise
 */
export function readHello(iface: AnyInterface, frame: Frame): Hello {
  const hello = helloSchema.safeParse(frame[0] === 2 && frame[1] === "hello" ? frame[2] : undefined);
  if (!hello.success) throw new BulkheadError("IPC_FRAME_INVALID", "the first frame is not a hello");
  const { protocol, interface: name, digest, component } = hello.data;
  if (protocol !== channelProtocol || name !== iface.name || digest !== iface.digest) {
    throw new BulkheadError(
      "IPC_INTERFACE_MISMATCH",
      `this end speaks ${iface.name} ${iface.digest.slice(0, 12)} (protocol ${channelProtocol}), ${component.slice(0, 32)} speaks ${name.slice(0, 32)} ${digest.slice(0, 12)} (protocol ${protocol})`,
      { remedy: "build both components from the same interface" },
    );
  }
  return hello.data;
}
