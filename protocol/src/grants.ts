/**
 * Grants: the limits that a provider enforces on one channel. The compiler checks them against the board, the
 * provider's stub enforces them on every call; both read this table, keyed by the interface's name.
 */
import { z } from "zod";
import { adcInputGrant, ledGrant, pwmChannelGrant, rtcGrant, watchdogGrant } from "./attribute-grants.ts";
import { deviceNameSchema } from "./devices.ts";
import { nameSchema } from "./names.ts";

export const i2cDeviceGrant = z.strictObject({
  bus: z.number().int().nonnegative(),
  /** 7-bit address; 0x00-0x07 and 0x78-0x7f are reserved by the I2C-bus specification (UM10204, section 3.1.12). */
  address: z.number().int().min(0x08).max(0x77),
  access: z.enum(["read", "read-write"]),
  /** How many bytes the number of a register has; one where it is not said. */
  registerBytes: z.union([z.literal(1), z.literal(2)]).optional(),
});
export type I2cDeviceGrant = z.infer<typeof i2cDeviceGrant>;

const ofOutputs = ["safe", "drive"] as const;
const ofInputs = ["debounceUs"] as const;

/** The board's own name: `P9_12`. */
const pin = z.string().min(1).max(32);

/** What is said of a line, or of all of several alike. */
const lineSettings = {
  direction: z.enum(["in", "out"]),
  /** The level of an output that nobody holds: before its client is there, when it has gone, and when the driver stops. 0 if not said. */
  safe: z.union([z.literal(0), z.literal(1)]).optional(),
  /** How an output drives: both levels, or only one of them and a resistor the other. `push-pull` if not said. */
  drive: z.enum(["push-pull", "open-drain", "open-source"]).optional(),
  /** The resistor of the pin, where the controller has one; as the board's firmware left it if not said. */
  bias: z.enum(["pull-up", "pull-down", "none"]).optional(),
  /** A level of an input that lasts shorter than this is no edge, in microseconds. */
  debounceUs: z.number().int().min(1).max(1_000_000).optional(),
};
type LineSettings = z.infer<z.ZodObject<typeof lineSettings>>;

function refuseOthers(grant: LineSettings, context: z.core.$RefinementCtx): void {
  const [wrong, other] = grant.direction === "in" ? [ofOutputs, "output"] : [ofInputs, "input"];
  for (const key of wrong) {
    if (grant[key] === undefined) continue;
    context.addIssue({ code: "custom", path: [key], message: `only an ${other} has it` });
  }
}

export const gpioLineGrant = z.strictObject({ pin, ...lineSettings }).superRefine(refuseOthers);
export type GpioLineGrant = z.infer<typeof gpioLineGrant>;

/** The kernel takes as many lines in one request (GPIO_V2_LINES_MAX). */
const mostLines = 64;

/** Several lines of one controller, which are read and written together. */
export const gpioLinesGrant = z
  .strictObject({
    pins: z
      .array(pin)
      .min(2)
      .max(mostLines)
      .refine((pins) => new Set(pins).size === pins.length, "each pin once"),
    ...lineSettings,
  })
  .superRefine(refuseOthers);
export type GpioLinesGrant = z.infer<typeof gpioLinesGrant>;

export const serialPortGrant = z.strictObject({
  /** The board's own name: `ttyS4`. */
  port: z.string().min(1).max(32),
  /** The highest speed that the client may set, in bits per second. */
  speed: z.number().int().min(50).max(4_000_000),
});
export type SerialPortGrant = z.infer<typeof serialPortGrant>;

/** The board's own name of the device, in the grants of all newer classes. */
const device = deviceNameSchema;

export const spiDeviceGrant = z.strictObject({
  device,
  /** The highest clock, in hertz. */
  speed: z.number().int().min(1).max(200_000_000),
  /** Polarity and phase of the clock, as data sheets number them. */
  mode: z.number().int().min(0).max(3),
});
export type SpiDeviceGrant = z.infer<typeof spiDeviceGrant>;

/** 11 bits, or 29: an identifier above 0x7ff is an extended one. */
const canId = z.number().int().min(0).max(0x1fff_ffff);
export const canBusGrant = z.strictObject({
  device,
  send: z.array(canId).max(256),
  receive: z.array(canId).max(256),
});
export type CanBusGrant = z.infer<typeof canBusGrant>;

/** Made by the compiler from `secrets: […]`; nobody writes it. */
export const secretsGrant = z.strictObject({ names: z.array(nameSchema).min(1) });

/** Channels whose interface takes no limits. */
export const emptyGrant = z.strictObject({});

export type GrantRow = {
  readonly schema: z.ZodType;
  /** What an author may write, for error messages. */
  readonly form: string;
  /** The key of the grant that names a device, and the board's name of that device. */
  readonly device: {
    readonly key: string;
    readonly nameOf: (grant: Readonly<Record<string, unknown>>) => string | undefined;
  };
};

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const byName = { key: "device", nameOf: (grant: Readonly<Record<string, unknown>>) => text(grant["device"]) };

/** The interfaces of drivers. */
export const grantTable: Readonly<Record<string, GrantRow>> = {
  "i2c-device": {
    schema: i2cDeviceGrant,
    form: "`{ bus: 2, address: 0x48, access: read }` (access: read or read-write; registerBytes: 1 or 2)",
    device: { key: "bus", nameOf: ({ bus }) => (typeof bus === "number" ? `i2c-${bus}` : undefined) },
  },
  "gpio-line": {
    schema: gpioLineGrant,
    form: "`{ pin: P9_12, direction: out }` (direction: in or out; with `safe` and `drive` for outputs, `debounceUs` for inputs, `bias`)",
    device: { key: "pin", nameOf: ({ pin }) => (typeof pin === "string" ? "gpio" : undefined) },
  },
  "gpio-lines": {
    schema: gpioLinesGrant,
    form: "`{ pins: [P9_12, P9_15], direction: out }` (pins of one controller; the rest as of a single line)",
    device: { key: "pins", nameOf: ({ pins }) => (Array.isArray(pins) ? "gpio" : undefined) },
  },
  "serial-port": {
    schema: serialPortGrant,
    form: "`{ port: ttyS4, speed: 115200 }` (speed: the highest that it may set)",
    device: { key: "port", nameOf: ({ port }) => text(port) },
  },
  "spi-device": {
    schema: spiDeviceGrant,
    form: "`{ device: spi-1.0, speed: 1000000, mode: 0 }` (speed: the highest clock, in hertz)",
    device: byName,
  },
  "can-bus": {
    schema: canBusGrant,
    form: "`{ device: can-0, send: [0x123], receive: [0x100, 0x101] }`",
    device: byName,
  },
  "pwm-channel": {
    schema: pwmChannelGrant,
    form: "`{ device: pwm-1, channel: 0, periodNs: { min: 100000, max: 20000000 } }`, and with it maxDutyPercent, polarity, safe",
    device: byName,
  },
  "adc-input": { schema: adcInputGrant, form: "`{ device: adc, channel: voltage0 }`", device: byName },
  rtc: { schema: rtcGrant, form: "`{ device: rtc-1, access: read }` (access: read or read-write)", device: byName },
  led: { schema: ledGrant, form: "`{ device: led-status }`", device: byName },
  watchdog: {
    schema: watchdogGrant,
    form: "`{ device: watchdog-1, timeoutSeconds: { min: 5, max: 60 } }`, and with it stoppable",
    device: byName,
  },
};
