import { describe, expect, it } from "vitest";
import { createTelemetry } from "./telemetry.ts";

const bytes = (text: string) => Buffer.from(text);

describe("[M5] the telemetry that the page shows", () => {
  it("keeps the last 60 messages of a topic, oldest first, each device for itself", () => {
    const telemetry = createTelemetry();
    for (let at = 0; at < 100; at++) telemetry.record("d-1", "t", bytes(`${at}`), at);
    telemetry.record("d-2", "t", bytes("other"), 1);
    const [first, second] = telemetry.topics();
    expect(first?.messages.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 60 }, (_, index) => 40 + index));
    expect(second?.messages).toEqual([{ deviceId: "d-2", topic: "t", atMs: 1, payload: "other" }]);
  });

  it("lets the topic go that was silent for longest, and cuts what is long", () => {
    const telemetry = createTelemetry();
    for (let at = 0; at < 500; at++) telemetry.record("d-1", `t${at}`, bytes("x"), at);
    telemetry.record("d-1", "t0", bytes("x".repeat(10_000)), 500);
    telemetry.record("d-1", "new", bytes("x"), 501);
    const names = telemetry.topics().map(({ topic }) => topic);
    expect(names).toHaveLength(500);
    expect(names).toContain("t0");
    expect(names).not.toContain("t1");
    expect(
      telemetry
        .topics()
        .find(({ topic }) => topic === "t0")
        ?.messages.at(-1)?.payload,
    ).toHaveLength(4096);
  });

  it("forgets a deleted device", () => {
    const telemetry = createTelemetry();
    telemetry.record("d-1", "t", bytes("x"), 1);
    telemetry.record("d-2", "t", bytes("x"), 1);
    telemetry.forget("d-1");
    expect(telemetry.topics().map(({ deviceId }) => deviceId)).toEqual(["d-2"]);
  });
});
