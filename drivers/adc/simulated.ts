/** The back-end of board `virtual`: a converter whose inputs are at the voltages that the manifest's `config` gives them. */
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";
import type { AdcDriver } from "./driver.ts";
import { unitOf } from "./units.ts";

/** `inputs: { adc: { voltage0: 1650 } }`: value by device and channel, in the unit of the channel's kind. */
const configSchema = z.object({
  inputs: z.record(z.string(), z.record(z.string(), z.number())).default({}),
});
/** Of a converter with 12 bits and a reference of 4096 mV. */
const stepsOfAll = 4096;

/** Throws where `config` gives inputs in another form. */
export function simulatedAdc(config: unknown): AdcDriver {
  const inputs = new Map(
    Object.entries(configSchema.parse(config).inputs).map(([device, values]) => [
      device,
      new Map(Object.entries(values)),
    ]),
  );
  return {
    async read(device, channel) {
      const value = inputs.get(device)?.get(channel);
      if (value === undefined)
        throw new BulkheadError("DEVICE_ABSENT", `${device} has no input ${channel}`, {
          remedy: `give it a value in the configuration of the driver: \`inputs: { ${device}: { ${channel}: 1650 } }\``,
        });
      const unit = unitOf(channel);
      if (unit !== "mV") return { value, unit, raw: null };
      const raw = Math.min(stepsOfAll - 1, Math.max(0, Math.round(value)));
      return { value: raw, unit, raw };
    },
  };
}
