/** The back-end of board `virtual`: a controller whose outputs nobody is connected to. */
import { BulkheadError } from "@bulkhead/protocol";
import type { PwmDriver, Signal } from "./driver.ts";

/** As many as the largest controllers of the boards have. */
const channels = 8;

/** What each output does, by device and channel (`pwm-1/0`): it outlives the driver, as hardware does. */
export type SimulatedOutputs = Map<string, Signal & { isOn: boolean }>;

export function simulatedPwm(outputs: SimulatedOutputs = new Map()): PwmDriver {
  return {
    async take(device, channel) {
      if (channel >= channels) throw new BulkheadError("DEVICE_ABSENT", `${device} has no output ${channel}`);
      const key = `${device}/${channel}`;
      const now = () => outputs.get(key) ?? { periodNs: 0, dutyNs: 0, isOn: false };
      outputs.set(key, { ...now(), isOn: false });
      return {
        async set(signal) {
          if (signal.dutyNs > signal.periodNs)
            throw new BulkheadError("DEVICE_VALUE_REFUSED", `${key}: active for longer than a period`);
          outputs.set(key, { ...signal, isOn: true });
        },
        async off() {
          outputs.set(key, { ...now(), isOn: false });
        },
        read: async () => now(),
      };
    },
    async offAll() {
      outputs.clear();
    },
  };
}
