/** A station: one bench, which says what board hangs on it, how that is run, and what is wired to it. */
import { nameSchema } from "@bulkhead/protocol";
import { z } from "zod";

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/, "a name is letters, digits, _ and -");
/** 7-bit; UM10204 (I2C-bus specification), section 3.1.12. */
const address = z.int().min(0x08).max(0x77);

/** Something on the bench that a test can use; what it provides is a capability. */
const fixtureSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("i2c").describe("A chip on a bus of the board."),
    chip: name,
    bus: z.string().describe("The board's own name of the bus: `i2c-2`."),
    address,
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
  }),
]);
export type Fixture = z.output<typeof fixtureSchema>;

/** How the board is run. */
const targetSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("local").describe("Board `virtual`, on this machine."),
    manifest: z.string().optional().describe("The system that it runs, from the checkout. Default: the greenhouse."),
  }),
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
