/** The devices of a board, by class: how each is found on it, and what it can do. Drivers claim them by the names that stand here. */
import { z } from "zod";
import { controllerSchema, deviceNodeSchema, ledLabelSchema } from "../devices.ts";

const at = controllerSchema.describe(
  "The kernel's name of its controller (/sys/bus/*/devices), and the address of a chip on an I2C bus: `30a40000.i2c/0x21`.",
);
const claims = z.string().optional().describe("What the board itself uses it for: no driver can have it then.");
const node = deviceNodeSchema.optional().describe("Its device node. Default: /dev/<name>.");
const speed = (least: number, most: number, what: string) => z.int().min(least).max(most).describe(what);

/** A simulated board says of its devices only that they are there. */
const devices = [
  z.strictObject({
    class: z.literal("gpio").describe("General-purpose inputs and outputs."),
    controllers: z.array(at).min(1).max(32).optional().describe("A pin's `bank` counts them, from 0."),
    interface: z
      .enum(["chardev", "sysfs"])
      .optional()
      .describe(
        "How the kernel is asked. Default: chardev; sysfs where it must, and the policy allows its attributes.",
      ),
    claims,
  }),
  z.strictObject({
    class: z.literal("i2c").describe("An I2C bus; its name ends in its number."),
    at: at.optional(),
    node,
    claims,
  }),
  z.strictObject({
    class: z.literal("serial").describe("A UART or another serial port."),
    speed: speed(50, 4_000_000, "The highest that it can have, in bits per second."),
    at: at.optional(),
    node,
    claims,
  }),
  z.strictObject({
    class: z.literal("spi").describe("A chip select of a SPI controller."),
    speed: speed(1, 200_000_000, "The highest clock that it can have, in hertz."),
    at: at.optional(),
    "chip-select": z.int().min(0).max(255).optional().describe("Default: 0."),
    node: deviceNodeSchema.optional().describe("Its device node, where no controller is named."),
    claims,
  }),
  z.strictObject({
    class: z.literal("can").describe("A CAN interface."),
    at: at.optional(),
    bitrate: speed(1000, 1_000_000, "Of the bus, in bits per second; it is brought up so."),
    "data-bitrate": z.int().min(1000).max(8_000_000).optional().describe("Of the data of CAN FD frames."),
    claims,
  }),
  z.strictObject({
    class: z.literal("pwm").describe("A controller of pulse-width modulation."),
    at: at.optional(),
    channels: z.int().min(1).max(64).describe("How many it has; they count from 0."),
    claims,
  }),
  z.strictObject({
    class: z.literal("adc").describe("Inputs that are measured, by the kernel's industrial I/O."),
    at: at.optional(),
    channels: z
      .array(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, "a channel is what stands between `in_` and `_raw`: voltage0"))
      .min(1)
      .max(64)
      .describe("What it measures, by the kernel's names: voltage0."),
    claims,
  }),
  z.strictObject({
    class: z.literal("rtc").describe("A clock that runs on without power."),
    at: at.optional(),
    claims,
  }),
  z.strictObject({
    class: z.literal("leds").describe("One LED."),
    label: ledLabelSchema.optional().describe("Its name in /sys/class/leds."),
    claims,
  }),
  z.strictObject({
    class: z.literal("watchdog").describe("Resets the board when nobody feeds it."),
    at: at.optional(),
    claims,
  }),
] as const;

export const boardDeviceSchema = z.discriminatedUnion("class", devices);
export type BoardDevice = z.output<typeof boardDeviceSchema>;

/** The key that a device of a board with hardware cannot be without; undefined where it is complete. */
export function lackOf(device: BoardDevice): "controllers" | "at" | "label" | undefined {
  switch (device.class) {
    case "gpio":
      return device.controllers === undefined ? "controllers" : undefined;
    case "leds":
      return device.label === undefined ? "label" : undefined;
    case "i2c":
    case "serial":
      return undefined;
    case "spi":
      return device.at === undefined && device.node === undefined ? "at" : undefined;
    default:
      return device.at === undefined ? "at" : undefined;
  }
}
