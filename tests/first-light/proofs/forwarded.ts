/** What the device stores and forwards by itself: telemetry with its units, and the trace of a component whose trace is on. */
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import { type Fact, fact } from "../proof.ts";

export async function forwardedFacts({ client, deviceId, command }: FirstLight): Promise<Fact[]> {
  const on = await command({ kind: "trace", component: "climate", action: "on" });
  const temperature = await eventually("telemetry", 15_000, async () => {
    const { streams } = await client.telemetryOf(deviceId);
    return streams.find(
      ({ component, stream, points }) => component === "climate" && stream === "temperature" && points.length > 5,
    );
  }).catch(() => undefined);
  const segments = await eventually("a forwarded trace", 30_000, async () => {
    const answer = await client.traces(deviceId, { component: "climate" });
    return answer.segments.length > 0 ? answer.segments : undefined;
  }).catch(() => []);
  await command({ kind: "trace", component: "climate", action: "off" });
  const last = temperature?.points.at(-1);
  const calls = segments.flatMap(({ entries }) => entries).filter(([, kind]) => kind === "b");
  return [
    fact(
      temperature?.unit === "°C" && (last?.value ?? 0) > 0,
      `telemetry: climate.temperature, ${temperature?.points.length} samples, the last ${last?.value} ${temperature?.unit}`,
    ),
    fact(on.state === "done" && calls.length > 0, `its trace was forwarded unasked: ${calls.length} calls of climate`),
  ];
}
