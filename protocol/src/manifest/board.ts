/**
 * A board: what a device of this kind has (memory, cores, devices, pins) and which options its owner allows a manifest
 * to use. The policy is the second allow-list: a manifest cannot grant itself privileges.
 */
import { z } from "zod";
import { deviceNameSchema } from "../devices.ts";
import type { ErrorReport } from "../errors.ts";
import { nameSchema } from "../names.ts";
import { attachToolSchema, runnerSchema } from "../system.ts";
import { atKey } from "./analysis.ts";
import { boardDeviceSchema, lackOf } from "./board-devices.ts";
import { boardFlash } from "./board-flash.ts";
import { boardImageWritten } from "./board-image.ts";
import { boardSecurity } from "./board-security.ts";
import { sizeBytes } from "./quantities.ts";
import { inFileOrder, parseWritten } from "./schema-errors.ts";
import { readSource, type Source } from "./source.ts";

const pinSchema = z.strictObject({
  bank: z.int().min(0).max(31).optional().describe("Controller of the pin; a simulated board has none."),
  line: z.int().min(0).max(255).optional().describe("Line of the controller."),
  claims: z.string().optional().describe("The function of the board that uses this pin."),
});

// Default deny: what a board's policy does not mention, no manifest can have.
const policySchema = z.strictObject({
  runners: z.array(runnerSchema).describe("What may execute a component."),
  images: z.array(z.string()).describe("`applications` (folders beside the manifest) and `driver:<class>`."),
  network: z.array(nameSchema).describe("Proxies of the management service, by name."),
  // The device's own keys and the verifier are not on offer on any board; secrets are given by name, below.
  "core-services": z
    .array(
      z.enum([
        "clock-server.time",
        "scheduler-server.report",
        "message-server.monitor",
        "serial-server.console",
        "serial-server.samples",
        "key-store.keys",
      ]),
    )
    .describe("Core services that drivers and applications may use."),
  "cpu-classes": z.array(z.enum(["fair", "deadline"])).describe("How components may be scheduled."),
  "unsigned-commands": z.boolean().describe("Commands may come without an operator's signature. For development only."),
  "require-full-level": z.boolean().describe("A component that does not get all layers of isolation is not started."),
  attach: z
    .array(attachToolSchema)
    .default([])
    .describe("How components may be looked into where a manifest asks for it. For development only."),
  secrets: z.array(nameSchema).default([]).describe("Secrets that the device can be given, by name."),
  escalations: z
    .array(z.enum(["previous-generation", "reboot"]))
    .default([])
    .describe("Rungs above safe mode that a component may begin with."),
  hold: z.boolean().default(false).describe("A component may be held after a crash until a person comes."),
  "console-port": z
    .boolean()
    .default(false)
    .describe("The console may go out by a serial port, where who holds the cable reads every component's log."),
  kvm: z
    .boolean()
    .default(false)
    .describe("A guest may run by the kernel's KVM, which is a large part of the kernel for it to reach."),
  "sysfs-writes": z
    .array(z.enum(["gpio", "pwm", "leds"]))
    .default([])
    .describe(
      "Classes whose driver may write attributes of its devices in sysfs, which the kernel guards less than nodes.",
    ),
  sleep: z.boolean().default(false).describe("The device may sleep: nothing runs and nobody reaches it meanwhile."),
});

export const boardWritten = z.strictObject({
  format: z.literal(1).describe("The version of this format."),
  board: nameSchema.describe("The name; the file is named after it."),
  title: z.string().describe("The name that people know."),
  architecture: z.enum(["armhf", "arm64", "x64", "any"]).describe("Instruction set, as Debian names it."),
  memory: sizeBytes.describe("What components may have together; the kernel and the base system are taken off."),
  storage: sizeBytes.describe("What components and stored data may take of the disk together; releases are taken off."),
  cores: z.int().min(1).max(256).describe("Processor cores."),
  pace: z
    .int()
    .min(1)
    .max(20)
    .default(1)
    .describe(
      "How many times longer than elsewhere a process may take to be ready, to give a heartbeat and to end, and a call to be answered, where manifest or caller do not say how long.",
    ),
  backend: z
    .enum(["simulated", "linux"])
    .describe("simulated: drivers reach a plant, a component of the system, in place of hardware."),
  devices: z
    .record(deviceNameSchema, boardDeviceSchema)
    .describe("Devices that drivers can claim, with the class of their driver."),
  "free-functions": z
    .array(z.string())
    .optional()
    .describe("Functions that the board can have but leaves switched off: their pins are free."),
  pins: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/), pinSchema)
    .describe("Pins by the board's own names."),
  image: boardImageWritten.optional().describe("What an image for it is made of. Left out: none can be built."),
  security: boardSecurity.optional().describe("Security primitives. Default: it has none."),
  flash: boardFlash.optional().describe("How an image gets onto it. Default: not by Bulkhead."),
  policy: policySchema.describe("The second allow-list: what it does not name, no manifest can have."),
});
export type Board = z.output<typeof boardWritten>;

/** Where a board file comes from: its text, and its name for error messages. */
export type BoardText = { readonly file: string; readonly text: string };

/** Parses a board file. Throws MANIFEST_SYNTAX where it is not YAML; else the board or all errors in it. */
export function parseBoard(source: BoardText): { board: Board } | { errors: ErrorReport[] } {
  const read = readSource(source.text, source.file);
  const parsed = parseWritten(boardWritten, read);
  if ("errors" in parsed) return parsed;
  const errors = unfinished(parsed.value, read);
  return errors.length > 0 ? { errors } : { board: parsed.value };
}

/** What a schema cannot say: a board with hardware tells where its devices are, and its pins count its controllers. */
function unfinished({ backend, devices, pins }: Board, source: Source): ErrorReport[] {
  if (backend === "simulated") return [];
  const lacking = Object.entries(devices).flatMap(([name, device]): ErrorReport[] => {
    const key = lackOf(device);
    if (key === undefined) return [];
    const message = `\`${name}\` lacks \`${key}\`: a board with hardware says where its devices are`;
    const remedy = "name its controller as /sys/bus/*/devices on the board does, or write `backend: simulated`";
    return [atKey(source, { code: "MANIFEST_MISSING_KEY", path: ["devices", name], message, remedy })];
  });
  const { gpio } = devices;
  const banks = gpio?.class === "gpio" ? (gpio.controllers?.length ?? 0) : 0;
  const unplaced = Object.entries(pins).flatMap(([name, { bank, line }]): ErrorReport[] => {
    if (banks === 0 || (bank !== undefined && line !== undefined && bank < banks)) return [];
    const message = `pin \`${name}\` is no line of a controller of \`gpio\`, which has ${banks}`;
    const remedy = "write its `bank`, which counts the `controllers` of `gpio` from 0, and its `line`";
    return [atKey(source, { code: "MANIFEST_INVALID_VALUE", path: ["pins", name], message, remedy })];
  });
  return inFileOrder([...lacking, ...unplaced]);
}
