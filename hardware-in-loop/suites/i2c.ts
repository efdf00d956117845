/** Chips on the board's buses, seen through a driver by a component that may reach them and nothing else. */
import type { Suite } from "../suite/suite.ts";

export const suite: Suite = (it) => {
  it(
    "reads a temperature of the thermometer at 0x48",
    { needs: ["agent", "i2c:tmp102@0x48"], boundMs: 240_000 },
    async (bench, measure) => {
      const target = await bench.target();
      await target.toAgent(180_000);
      const line = await target.agent.logLine("climate", /-?\d+(\.\d+)? °C/, 60_000);
      // The range of the chip (TMP102 data sheet, section 6.3).
      measure("temperature", Number(/(-?\d+(?:\.\d+)?) °C/.exec(line)?.[1]), { unit: "°C", atLeast: -40, atMost: 125 });
    },
  );
};
