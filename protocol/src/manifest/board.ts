/**
 * A board: what a device of this kind has (memory, cores, devices, pins) and which options its owner allows a manifest
 * to use. The policy is the second allow-list: a manifest cannot grant itself privileges.
 */
import { z } from "zod";
import type { ErrorReport } from "../errors.ts";
import { nameSchema } from "../names.ts";
import { runnerSchema } from "../system.ts";
import { parseWritten } from "./schema-errors.ts";
import { readSource } from "./source.ts";
import { parseSizeBytes } from "./units.ts";

const size = z.string().transform((text, context) => {
  const value = parseSizeBytes(text);
  if (value !== undefined && value > 0) return value;
  context.addIssue(`\`${text}\` is no size; write a number and its unit: 512Mi`);
  return z.NEVER;
});

const pinSchema = z.strictObject({
  /** Controller and line of the pin; a simulated board has none. */
  bank: z.int().min(0).max(31).optional(),
  line: z.int().min(0).max(255).optional(),
  /** The function of the board that uses this pin. */
  claims: z.string().optional(),
});

const policySchema = z.strictObject({
  runners: z.array(runnerSchema),
  /** `applications` (folders beside the manifest) and `driver:<class>`. */
  images: z.array(z.string()),
  /** Proxies of the management service, by name. */
  network: z.array(nameSchema),
  /** Core services that drivers and applications may use. Keys and the verifier are not on offer on any board. */
  "core-services": z.array(
    z.enum(["clock-server.time", "scheduler-server.report", "message-server.monitor", "serial-server.console"]),
  ),
  "cpu-classes": z.array(z.enum(["fair", "deadline"])),
  "unsigned-commands": z.boolean(),
  "require-full-level": z.boolean(),
});

export const boardWritten = z.strictObject({
  format: z.literal(1),
  board: nameSchema,
  title: z.string(),
  architecture: z.enum(["armhf", "arm64", "x64", "any"]),
  /** What components may have together; the kernel and the base system are already taken off. */
  memory: size,
  cores: z.int().min(1).max(256),
  /** `simulated`: drivers reach a plant, a component of the system, in place of hardware. */
  backend: z.enum(["simulated", "linux"]),
  devices: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.strictObject({ class: z.enum(["i2c", "gpio"]) })),
  /** Functions that the board can have but leaves switched off: their pins are free. */
  "free-functions": z.array(z.string()).optional(),
  pins: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/), pinSchema),
  policy: policySchema,
});
export type Board = z.output<typeof boardWritten>;

/** Where a board file comes from: its text, and its name for error messages. */
export type BoardText = { readonly file: string; readonly text: string };

/** Parses a board file. Throws MANIFEST_SYNTAX where it is not YAML; else the board or all errors in it. */
export function parseBoard(source: BoardText): { board: Board } | { errors: ErrorReport[] } {
  const parsed = parseWritten(boardWritten, readSource(source.text, source.file));
  return "errors" in parsed ? parsed : { board: parsed.value };
}
