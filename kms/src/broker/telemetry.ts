/** The last messages of each topic, for the page: bounded in every direction, gone with the process. */
import type { TelemetryAnswer, TelemetryMessage } from "../api/index.ts";

const keptMessages = 60;
const keptTopics = 500;
const keptPayloadBytes = 4096;

export type Telemetry = {
  record(deviceId: string, topic: string, payload: Uint8Array, atMs: number): TelemetryMessage;
  topics(): TelemetryAnswer["topics"];
  forget(deviceId: string): void;
};

export function createTelemetry(): Telemetry {
  // A Map keeps the order of insertion: the topic that was silent for longest comes first and goes first.
  const topics = new Map<string, TelemetryAnswer["topics"][number]>();
  return {
    record(deviceId, topic, payload, atMs) {
      const key = `${deviceId} ${topic}`;
      const message = { deviceId, topic, atMs, payload: Buffer.from(payload).subarray(0, keptPayloadBytes).toString() };
      const messages = [...(topics.get(key)?.messages ?? []), message].slice(-keptMessages);
      topics.delete(key);
      topics.set(key, { deviceId, topic, messages });
      const [oldest] = topics.keys();
      if (topics.size > keptTopics && oldest !== undefined) topics.delete(oldest);
      return message;
    },
    topics: () => [...topics.values()],
    forget(deviceId) {
      for (const [key, topic] of topics) {
        if (topic.deviceId === deviceId) topics.delete(key);
      }
    },
  };
}
