/** Telemetry as the device page shows it: series of numbers out of JSON messages of any shape. */
import type { TelemetryAnswer, TelemetryMessage } from "../api/types.ts";

/** Messages kept per topic; at one a second, five minutes. */
const keptMessages = 300;

/** `answer` with one message more, the oldest of its topic dropped where there are too many. */
export function addTelemetry(answer: TelemetryAnswer, message: TelemetryMessage): TelemetryAnswer {
  const { deviceId, topic } = message;
  const isIts = (entry: { deviceId: string; topic: string }) => entry.deviceId === deviceId && entry.topic === topic;
  if (!answer.topics.some(isIts)) return { topics: [...answer.topics, { deviceId, topic, messages: [message] }] };
  return {
    topics: answer.topics.map((entry) =>
      isIts(entry) ? { ...entry, messages: [...entry.messages, message].slice(-keptMessages) } : entry,
    ),
  };
}

export type Greenhouse = {
  /** Degrees Celsius, oldest first. */
  temperatures: number[];
  fanOn: boolean | undefined;
  atMs: number;
};

/**
 * The greenhouse loop of one device, from its topics `greenhouse/...`: fields `temperatureMilliC` (or `temperatureC`)
 * and `fan` (0, 1, true or false). Undefined where no message has a temperature.
 */
export function readGreenhouse(answer: TelemetryAnswer, deviceId: string): Greenhouse | undefined {
  const messages = answer.topics
    .filter((entry) => entry.deviceId === deviceId && entry.topic.split("/").includes("greenhouse"))
    .flatMap((entry) => entry.messages)
    .sort((a, b) => a.atMs - b.atMs);
  const readings = messages.map(({ payload, atMs }) => ({ atMs, fields: fieldsOf(payload) }));
  const withTemperature = readings.filter(({ fields }) => temperatureOf(fields) !== undefined);
  const last = withTemperature.at(-1);
  if (!last) return undefined;
  const fan = readings
    .map(({ fields }) => fields["fan"])
    .filter((value) => value !== undefined)
    .at(-1);
  return {
    temperatures: withTemperature.map(({ fields }) => temperatureOf(fields) ?? Number.NaN),
    fanOn: fan === undefined ? undefined : fan === true || fan === 1 || fan === "on",
    atMs: last.atMs,
  };
}

function temperatureOf(fields: Record<string, unknown>): number | undefined {
  const { temperatureMilliC, temperatureC } = fields;
  if (typeof temperatureMilliC === "number") return temperatureMilliC / 1000;
  return typeof temperatureC === "number" ? temperatureC : undefined;
}

function fieldsOf(payload: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value !== "object" || value === null) return {};
    const inner = "fields" in value ? value.fields : value;
    return typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
