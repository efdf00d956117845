/** One serial port. The grant fixes port and highest speed, so a client never names them. */
import { serialPortGrant } from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

/** One write; a port at 9600 baud takes it in about a second, so it fits the default deadline of a call. */
export const maxSerialWriteBytes = 1024;

const bytes = z.instanceof(Uint8Array);
const dataBits = z.union([z.literal(5), z.literal(6), z.literal(7), z.literal(8)]);
const stopBits = z.union([z.literal(1), z.literal(2)]);

export const serialSettings = z.strictObject({
  /** Bits per second. */
  speed: z.number().int().min(50).max(4_000_000),
  dataBits: dataBits.default(8),
  parity: z.enum(["none", "even", "odd"]).default("none"),
  stopBits: stopBits.default(1),
  /** Who stops a sender that is too fast: nobody, the lines RTS and CTS, or the bytes XON and XOFF. */
  flow: z.enum(["none", "rts-cts", "xon-xoff"]).default("none"),
});
export type SerialSettings = z.infer<typeof serialSettings>;

export const serialPortInterface = defineInterface({
  name: "serial-port",
  grant: serialPortGrant,
  operations: {
    /**
     * Opens the port, or changes its settings. SERIAL_PORT_ABSENT where it is not there, SERIAL_PORT_BUSY where another
     * program has it. What was on its way in or out is thrown away.
     */
    open: { arguments: serialSettings, result: z.null(), idempotent: true },
    /** Answered when the port's buffer has taken all of it; who waits for the answer never piles up anything. */
    write: {
      arguments: z.strictObject({
        data: bytes.refine((data) => data.length <= maxSerialWriteBytes, `at most ${maxSerialWriteBytes} bytes`),
      }),
      result: z.null(),
      idempotent: false,
    },
    /** Answered when the last bit has left. */
    drain: { arguments: z.null(), result: z.null(), idempotent: true },
  },
  streams: {
    /** What comes in, as far as the client takes it; the rest waits in the kernel's buffer (4 KiB), then is lost. */
    input: { arguments: z.null(), item: z.strictObject({ data: bytes }), direction: "from-provider" },
  },
  refuse: (grant, operation, args) => {
    if (operation !== "open") return undefined;
    const { speed } = args as SerialSettings;
    return speed > grant.speed ? `${grant.port} is granted at up to ${grant.speed} baud, not ${speed}` : undefined;
  },
});
