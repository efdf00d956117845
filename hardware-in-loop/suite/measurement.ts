/** A measured value with the limits that it has to keep. */
import { z } from "zod";

export const measurementSchema = z.strictObject({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
});
export type Measurement = z.infer<typeof measurementSchema>;
export type Limits = Pick<Measurement, "unit" | "atLeast" | "atMost">;

/** Whether it keeps its limits. */
export function isWithin({ value, atLeast = -Infinity, atMost = Infinity }: Measurement): boolean {
  return value >= atLeast && value <= atMost;
}

/** `2.5 s (at most 3)`. */
export function describeMeasurement({ value, unit, atLeast, atMost }: Measurement): string {
  const bounds = [atLeast !== undefined && `at least ${atLeast}`, atMost !== undefined && `at most ${atMost}`];
  const said = bounds.filter((bound) => bound !== false).join(", ");
  return `${Number(value.toPrecision(4))} ${unit}${said === "" ? "" : ` (${said})`}`;
}

/** Adds it to `taken`, so that the report has it either way. Throws where it is outside of its limits. */
export function takeMeasurement(taken: Measurement[], name: string, value: number, limits: Limits): void {
  // A report holds numbers.
  if (!Number.isFinite(value)) throw new Error(`${name}: nothing was measured`);
  const measurement = { name, value, ...limits };
  taken.push(measurement);
  if (!isWithin(measurement)) throw new Error(`${name}: ${describeMeasurement(measurement)}`);
}
