/** Waits until a device is connected and all of it is ready; where that does not come, says what is missing, and why. */
import { BulkheadError } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { printable } from "../cli/printable.ts";
import { eventually } from "./eventually.ts";

/** A busy machine of two cores takes half of it. */
const patienceMs = 60_000;

type Asked = Pick<StudioClient, "device" | "status">;

/** `logFile` is where the device writes. Throws DEADLINE_EXCEEDED, with the components that are not ready. */
export async function untilReady(
  client: Asked,
  deviceId: string,
  logFile: string,
  withinMs = patienceMs,
): Promise<void> {
  const isReady = async () => {
    const { connected, components } = await client.device(deviceId);
    return (connected && components !== null && components.ready === components.total) || undefined;
  };
  await eventually("the device", withinMs, isReady).catch(async (error: unknown) => {
    if (!(error instanceof BulkheadError) || error.code !== "DEADLINE_EXCEEDED") throw error;
    const missing = await whatIsMissing(client, deviceId);
    throw new BulkheadError("DEADLINE_EXCEEDED", `${withinMs / 1000} s after its start the device ${missing}`, {
      remedy: `${logFile} says why`,
    });
  });
}

async function whatIsMissing(client: Asked, deviceId: string): Promise<string> {
  const { connected } = await client.device(deviceId);
  const { status } = await client.status(deviceId);
  const late = (status?.components ?? []).filter(({ state }) => state !== "ready");
  const words = late.map(
    ({ name, state, lastReason }) => `${name} is ${state}${lastReason ? `: ${printable(lastReason.text)}` : ""}`,
  );
  if (words.length > 0) return `is not ready: ${words.join("; ")}`;
  return connected ? "has not said how it is" : "has not connected";
}
