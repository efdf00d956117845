import { startComponent } from "@bulkhead/sdk/testing";
import { expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import { pwmDriver } from "./server.ts";
import { type SimulatedOutputs, simulatedPwm } from "./simulated.ts";

conformance("board virtual", async () => {
  const outputs: SimulatedOutputs = new Map();
  return {
    create: () => simulatedPwm(outputs),
    ...{ device: "pwm-1", channel: 0, missingChannel: 8 },
    observe: async () => outputs.get("pwm-1/0") ?? { periodNs: 0, dutyNs: 0, isOn: false },
    close: async () => {},
  };
});

test("[K9] [K11] the outputs of one pwm controller are those of several clients, each its own", async () => {
  const outputs: SimulatedOutputs = new Map();
  const driver = await startComponent(
    pwmDriver(() => simulatedPwm(outputs)),
    { uses: {} },
  );
  const connect = (channel: number) => {
    const grant = { device: "pwm-1", channel, periodNs: { min: 1000, max: 1_000_000 } };
    return driver.connect("channel", { grant, component: `fan-${channel}` });
  };
  const [first, second] = [connect(0), connect(1)];
  await first.client.set({ periodNs: 1000, dutyNs: 1 });
  await second.client.set({ periodNs: 1000, dutyNs: 2 });
  first.leave();
  await expect.poll(() => outputs.get("pwm-1/0")?.isOn).toBe(false);
  expect(outputs.get("pwm-1/1")).toEqual({ periodNs: 1000, dutyNs: 2, isOn: true });
  await driver.stop();
});
