import { BulkheadError, type ComponentStatus } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import type { StudioClient } from "../api/client.ts";
import { untilReady } from "./until-ready.ts";

type Device = Awaited<ReturnType<StudioClient["device"]>>;
type Answer = Awaited<ReturnType<StudioClient["status"]>>;

const one = (name: string, state: ComponentStatus["state"], text?: string) => ({
  name,
  state,
  lastReason: text === undefined ? null : { atMs: 1, text },
});

function asked(connected: boolean, components: ReturnType<typeof one>[] | null) {
  const counts = components && {
    total: components.length,
    ready: components.filter(({ state }) => state === "ready").length,
    failed: 0,
  };
  return {
    device: async () => ({ connected, components: counts }) as Device,
    status: async () => ({ status: components && { components }, receivedAtMs: 1 }) as unknown as Answer,
  };
}
const wait = (client: ReturnType<typeof asked>) => untilReady(client, "device-1", "/log/device.log", 1);

test("[S4] a device that is connected and whole is waited for", async () => {
  await wait(asked(true, [one("climate", "ready")]));
});

test.each([
  [asked(false, null), "has not connected"],
  [asked(false, [one("climate", "ready")]), "has not connected"],
  [asked(true, null), "has not said how it is"],
  [
    asked(true, [
      one("climate", "ready"),
      one("scheduler-server", "backing-off", "gave up: \u001b[2JENVIRONMENT_INVALID"),
    ]),
    "is not ready: scheduler-server is backing-off: gave up: \\u001b[2JENVIRONMENT_INVALID",
  ],
])(
  "[S4] one that does not come up is said to be what it is, component by component, with the place of its log",
  async (client, words) => {
    await expect(wait(client)).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringContaining(words),
      remedy: "/log/device.log says why",
    });
  },
);

test("[S4] what keeps it from being asked is said as it is", async () => {
  const { status, device } = asked(true, [one("climate", "failed")]);
  let answers: (() => Promise<Device>)[] = [() => Promise.reject(new BulkheadError("NOT_FOUND", "no device-1"))];
  const client = { status, device: () => (answers.shift() ?? device)() };
  await expect(wait(client)).rejects.toMatchObject({ code: "NOT_FOUND" });
  answers = [() => Promise.reject(new Error("its socket is gone"))];
  await expect(wait(client)).rejects.toThrow("its socket is gone");
});
