/** What a device could not keep: of which stream how many, and from when to when. Pure. */
import { z } from "zod";
import { timeMsSchema } from "./names.ts";

export const lossSchema = z.strictObject({
  /** `component`, or `component.name` for telemetry; empty where nobody can say any more. */
  stream: z
    .string()
    .regex(/^([a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31})?)?$/, "a component, or a component and its stream"),
  /** Lines, samples or trace entries. */
  count: z.number().int().positive(),
  /** Times of the first and the last of them, by the device's clock; null where they are not known. */
  fromMs: timeMsSchema.nullable(),
  toMs: timeMsSchema.nullable(),
});
export type Loss = z.infer<typeof lossSchema>;

/** More streams than these are told of as one, without a name. */
export const maxLossStreams = 128;
export const lossesSchema = z.array(lossSchema).max(maxLossStreams + 1);

/** Both as one: a stream stands once in the answer, and no count gets lost. */
export function mergeLosses(some: readonly Loss[], others: readonly Loss[]): Loss[] {
  const byStream = new Map<string, Loss>();
  for (const loss of [...some, ...others]) {
    const isKnown = byStream.has(loss.stream) || byStream.size < maxLossStreams;
    const stream = isKnown ? loss.stream : "";
    const before = byStream.get(stream);
    byStream.set(stream, before ? joined(before, loss) : { ...loss, stream });
  }
  return [...byStream.values()];
}

/** All as one that names no stream: where there is no room for more. */
export function withoutStreams(losses: readonly Loss[]): Loss[] {
  return mergeLosses(
    losses.map((loss) => ({ ...loss, stream: "" })),
    [],
  );
}

export const countOf = (losses: readonly Loss[]): number => losses.reduce((sum, { count }) => sum + count, 0);

function joined(one: Loss, other: Loss): Loss {
  return {
    stream: one.stream,
    count: Math.min(one.count + other.count, Number.MAX_SAFE_INTEGER),
    fromMs: pick(Math.min, one.fromMs, other.fromMs),
    toMs: pick(Math.max, one.toMs, other.toMs),
  };
}

function pick(choose: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : choose(a, b);
}
