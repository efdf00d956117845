import { conformance } from "./conformance.ts";
import { simulatedLeds } from "./simulated.ts";

conformance("board virtual", async () => {
  const brightness = new Map([["led-status", 20]]);
  return {
    create: () => simulatedLeds(brightness),
    ...{ device: "led-status", steps: 100, blinks: "driver" },
    observe: async () => ({ percent: brightness.get("led-status") ?? 0, trigger: "none" }),
    before: { percent: 20, trigger: "none" },
    close: async () => {},
  };
});
