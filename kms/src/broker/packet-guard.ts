/**
 * A limit on MQTT packets. The broker's parser buffers a packet until it is whole, and MQTT allows 256 MB (MQTT 3.1.1,
 * section 2.2.3): one device could exhaust the KMS. The guard follows the fixed headers and stops before that.
 */
import { Transform } from "node:stream";
import { BulkheadError } from "@bulkhead/protocol";

export const maxPacketBytes = 256 * 1024;

/** Passes a client's bytes on; fails with REQUEST_TOO_LARGE or PROTOCOL_INVALID at the header of a bad packet. */
export function createPacketGuard(): Transform {
  let follow: Position = { at: "type" };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        follow = advance(follow, chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

type Position = { at: "type" } | { at: "length"; value: number; digits: number } | { at: "body"; left: number };

function advance(start: Position, chunk: Buffer): Position {
  let position = start;
  for (let index = 0; index < chunk.length; ) {
    if (position.at === "body") {
      const taken = Math.min(position.left, chunk.length - index);
      index += taken;
      position = position.left === taken ? { at: "type" } : { at: "body", left: position.left - taken };
    } else {
      const byte = chunk[index++] ?? 0;
      position = position.at === "type" ? { at: "length", value: 0, digits: 0 } : readLength(position, byte);
    }
  }
  return position;
}

/** Seven bits a byte, the least significant first, at most four bytes (section 2.2.3). */
function readLength(position: { value: number; digits: number }, byte: number): Position {
  const value = position.value + (byte & 0x7f) * 128 ** position.digits;
  if (value > maxPacketBytes)
    throw new BulkheadError("REQUEST_TOO_LARGE", `an MQTT packet has at most ${maxPacketBytes} bytes`);
  if (byte < 0x80) return value === 0 ? { at: "type" } : { at: "body", left: value };
  if (position.digits === 3)
    throw new BulkheadError("PROTOCOL_INVALID", "an MQTT packet has a length of more than four bytes");
  return { at: "length", value, digits: position.digits + 1 };
}
