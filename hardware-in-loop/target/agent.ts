/** What of a target goes through its management service: the same for every board that one hears of. */
import { BulkheadError, type DeviceStatus } from "@bulkhead/protocol";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { eventually } from "../../studio/src/run/eventually.ts";

export type Agent = ReturnType<typeof openAgent>;

/** The agent of one device, by a client of the service that it is enrolled with. */
export function openAgent(client: StudioClient, deviceId: string) {
  let sinceMs = 0;

  const status = async (): Promise<DeviceStatus | undefined> => {
    const answer = await client.status(deviceId);
    return answer.status && (answer.receivedAtMs ?? 0) >= sinceMs ? answer.status : undefined;
  };

  return {
    /** What was heard before now is of a board that has lost its power since. */
    forget(): void {
      sinceMs = Date.now();
    },
    /** The newest state since the last `forget`. */
    status,
    /** Waits until the service is connected to the device and hears that all components are ready. Throws TARGET_NOT_REACHED. */
    untilReady: (boundMs: number): Promise<DeviceStatus> =>
      eventually("all components to be ready", boundMs, async () => {
        const now = (await client.device(deviceId)).connected ? await status() : undefined;
        return now?.components.every((one) => one.state === "ready") ? now : undefined;
      }).catch((cause: unknown) => {
        throw new BulkheadError("TARGET_NOT_REACHED", `the board is not at its agent after ${boundMs / 1000} s`, {
          remedy: "the report has what its console said",
          cause,
        });
      }),
    /** Gives the order and waits until the device has carried it out. Throws DEVICE_FAILED, DEADLINE_EXCEEDED. */
    async restartComponent(component: string, boundMs: number): Promise<void> {
      const { id } = await client.command(deviceId, { command: { kind: "restart-component", component } });
      const done = await eventually(`an answer to the restart of ${component}`, boundMs, async () => {
        const found = (await client.commands(deviceId)).find((one) => one.id === id);
        return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
      });
      if (done.state !== "done") throw new BulkheadError("DEVICE_FAILED", `${component}: restart ${done.state}`);
    },
    /** The first line of a component's log that matches. Throws DEADLINE_EXCEEDED. */
    logLine: (component: string, pattern: RegExp, boundMs: number): Promise<string> =>
      eventually(`${component} to write ${pattern}`, boundMs, async () => {
        const { lines } = await client.logs(deviceId, { limit: 5000, component });
        return lines.find(({ text }) => pattern.test(text))?.text;
      }),
  };
}
