/** A call as it happens between two components, without sockets: through the wire form and the checks of both ends. */
import { BulkheadError } from "@bulkhead/protocol";
import { parseValue } from "../channel/message.ts";
import { createFrameReader, encodeFrame } from "../codec.ts";
import type { AnyInterface, Handlers } from "../component.ts";

/** What the other end would read: undefined members vanish, and what has no wire form throws. */
export function throughWire(value: unknown): unknown {
  let read: unknown;
  createFrameReader((message) => {
    read = message;
  }).push(encodeFrame(value === undefined ? null : value));
  return read;
}

/** Calls a handler the way a channel does. Errors of the handler come through as they are, for a test to see. */
export async function callHandler<I extends AnyInterface>(
  iface: I,
  grant: unknown,
  handlers: Handlers<I>,
  operation: string,
  args: unknown,
): Promise<unknown> {
  const definition = iface.operations[operation] as AnyInterface["operations"][string];
  const sent = throughWire(parseValue(definition.arguments, args, "IPC_ARGUMENTS_INVALID", operation));
  const received = parseValue(definition.arguments, sent, "IPC_ARGUMENTS_INVALID", operation);
  const refusal = iface.refuse?.(grant as never, operation as never, received);
  if (refusal !== undefined) throw new BulkheadError("IPC_NOT_GRANTED", `${operation}: ${refusal}`);
  const result = await handlers[operation as keyof Handlers<I>](received as never);
  const answer = throughWire(parseValue(definition.result, result, "IPC_RESULT_INVALID", operation));
  return parseValue(definition.result, answer, "IPC_RESULT_INVALID", operation);
}
