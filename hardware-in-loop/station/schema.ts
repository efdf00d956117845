/** A station: one bench, which says what board hangs on it, how that is run, and what is wired to it. */
import { nameSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { realBoardSchema } from "./real-board.ts";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, "a name is letters, digits, _ and -");
/** 7-bit; UM10204 (I2C-bus specification), section 3.1.12. */
const address = z.int().min(0x08).max(0x77);

/** Something on the bench that a test can use; what it provides is a capability. */
const fixtureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("i2c").describe("A chip on a bus of the board."),
    chip: z.enum(["tmp102", "tmp105"]),
    bus: z.string().describe("The board's own name of the bus: `i2c-2`."),
    address,
    driven: z.boolean().default(false).describe("Whether the bench sets what the chip measures."),
  }),
  z.strictObject({
    kind: z.literal("gpio-stimulus").describe("A pin that the bench drives."),
    name,
    pin: z.string().describe("The board's own name of the pin: `P9_12`."),
  }),
  z.strictObject({
    kind: z.literal("gpio-loopback").describe("Two pins of the board that a wire joins."),
    name,
    from: z.string(),
    to: z.string(),
  }),
  z.strictObject({
    kind: z.literal("uart-loopback").describe("A port whose output comes back as its input."),
    port: z.string().describe("The board's own name of the port: `ttyS4`."),
    speed: z.int().min(50).max(4_000_000).default(115_200).describe("In bits per second."),
  }),
  z.strictObject({
    kind: z
      .literal("watchdog")
      .describe("A watchdog of the board that its base system leaves to components; nothing has to be wired."),
    device: z.string().describe("The board's own name of it: `watchdog-1`."),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(600)
      .default(80)
      .describe("Without a sign of life for so long it resets the board."),
  }),
]);
export type Fixture = z.output<typeof fixtureSchema>;

/** How the board is run. */
const targetSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("local").describe("Board `virtual`, on this machine."),
  }),
  z.strictObject({
    kind: z.literal("emulated").describe("A board that QEMU emulates on this machine, with our own image on its card."),
    machine: z
      .enum(["qemu-virt-arm64", "qemu-virt-arm", "imx8mm-evk", "imx8mp-evk"])
      .describe("A file of hardware-in-loop/target/emulated/machines."),
  }),
  realBoardSchema,
]);

export const stationWritten = z.strictObject({
  format: z.literal(1).describe("The version of this format."),
  station: z
    .string()
    .regex(/^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)?$/, "a station is named like its file: `emulated/imx8mm-evk`")
    .describe("The name; the file is named after it."),
  title: z.string().describe("The name that people know."),
  board: nameSchema.describe("A file of manifests/boards."),
  target: targetSchema.describe("How the board is run, powered and watched."),
  wiring: z.array(fixtureSchema).default([]).describe("What is on the bench beside the board."),
  require: z
    .array(z.string())
    .default([])
    .describe("Capabilities without which a run of this station fails instead of leaving tests out."),
});
export type StationWritten = z.output<typeof stationWritten>;
