import { conformance } from "./conformance.ts";
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
