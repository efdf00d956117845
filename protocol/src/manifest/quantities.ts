/**
 * Quantities in a file: text with a unit, parsed to the integer that the system holds. `pattern` and `examples` are what
 * editors see of it, for a JSON Schema cannot run a parser.
 */
import { z } from "zod";
import { parseDurationUs, parseSizeBytes } from "./units.ts";

const maxDurationUs = 24 * 60 * 60 * 1_000_000;

const duration = z.string("a duration is a number and its unit: 500us, 20ms, 60s, 1min").transform((text, context) => {
  const value = parseDurationUs(text);
  if (value !== undefined && value > 0 && value <= maxDurationUs) return value;
  context.addIssue(`\`${text}\` is no duration; write a number and its unit (us, ms, s, min), at most 24 hours: 60s`);
  return z.NEVER;
});

/** A duration as microseconds. */
export const durationUs = duration.meta({ pattern: "^0*[1-9]\\d*(us|ms|s|min)$", examples: ["500us", "20ms"] });

/** A duration as whole milliseconds. */
export const durationMs = duration
  .transform((value, context) => {
    if (value % 1_000 === 0) return value / 1_000;
    context.addIssue("this duration counts whole milliseconds: 20ms");
    return z.NEVER;
  })
  .meta({ pattern: "^0*[1-9]\\d*(000us|ms|s|min)$", examples: ["20ms", "60s", "1min"] });

/** A size as bytes. */
export const sizeBytes = z
  .string("a size is a number and its unit: 512Ki, 48Mi, 1Gi")
  .transform((text, context) => {
    const value = parseSizeBytes(text);
    if (value !== undefined && value > 0) return value;
    context.addIssue(`\`${text}\` is no size; write a number and its unit (B, Ki, Mi, Gi): 48Mi`);
    return z.NEVER;
  })
  .meta({ pattern: "^0*[1-9]\\d*(B|Ki|Mi|Gi)$", examples: ["512Ki", "48Mi", "1Gi"] });

/** A share of one processor core, as its percent. */
export const percent = z
  .string("a share is a percentage: 50%")
  .transform((text, context) => {
    const match = /^(\d{1,5})%$/.exec(text);
    const value = Number(match?.[1]);
    if (match && value >= 1 && value <= 10_000) return value;
    context.addIssue(`\`${text}\` is no percentage from 1% to 10000%`);
    return z.NEVER;
  })
  .meta({ pattern: "^0*([1-9]\\d{0,3}|10000)%$", examples: ["50%", "150%"] });

/** `100/s`, as a count per second. */
export const rate = z
  .string("a rate is a count per second: 100/s")
  .transform((text, context) => {
    const match = /^([1-9]\d{0,5})\/s$/.exec(text);
    if (match) return Number(match[1]);
    context.addIssue(`\`${text}\` is no rate; write a count per second: 100/s`);
    return z.NEVER;
  })
  .meta({ pattern: "^[1-9]\\d{0,5}/s$", examples: ["100/s"] });
