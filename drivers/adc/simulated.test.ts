import { expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import { simulatedAdc } from "./simulated.ts";

conformance("board virtual", async () => ({
  create: () => simulatedAdc({ backend: "simulated", inputs: { adc: { voltage0: 1650.4, temp: 23_500 } } }),
  device: "adc",
  inputs: [
    { channel: "voltage0", unit: "mV", min: 1650, max: 1650, isRaw: true },
    { channel: "temp", unit: "m°C", min: 23_500, max: 23_500, isRaw: false },
  ],
  close: async () => {},
}));

test("[K11] a simulated converter ends at its reference, as a real one does", async () => {
  const adc = simulatedAdc({ inputs: { adc: { voltage0: -5, voltage1: 9000 } } });
  expect((await adc.read("adc", "voltage0")).value).toBe(0);
  expect((await adc.read("adc", "voltage1")).value).toBe(4095);
});
