/** The simulated greenhouse: sensors on a bus, actuators on pins, and time that passes. */
import { simulatedBusInterface, simulatedPinsInterface } from "@bulkhead/drivers/simulation/interface";
import { defineComponent } from "@bulkhead/sdk";
import { readSensor } from "./bus.ts";
import { type Actuators, morning, step } from "./model.ts";

const stepMs = 100;
const wiring: Readonly<Record<string, keyof Actuators>> = { P9_12: "fan", P9_14: "valve" };
/** A flow switch in the pipe behind the valve: closes when water flows. */
const flowPin = "P9_15A";

export const component = defineComponent({
  provides: { bus: simulatedBusInterface, pins: simulatedPinsInterface },
  start({ provides, onStop }) {
    let state = morning;
    const actuators: Actuators = { fan: 0, valve: 0 };
    // Steps of a fixed length, not of the time that passed: the simulation is the same on a slow machine, only slower.
    const timer = setInterval(() => {
      state = step(state, stepMs, actuators);
    }, stepMs);
    onStop(() => clearInterval(timer));

    provides.bus.serve(() => ({
      transfer: ({ bus, address, write, readLength }) => ({ read: readSensor(state, bus, address, write, readLength) }),
    }));
    provides.pins.serve(({ notify }) => ({
      drive({ pin, level }) {
        const actuator = wiring[pin];
        if (!actuator || actuators[actuator] === level) return null; // A pin that nothing is wired to may be driven.
        actuators[actuator] = level;
        if (actuator === "valve") notify("changed", { pin: flowPin, level });
        return null;
      },
      sense({ pin }) {
        const actuator = pin === flowPin ? "valve" : wiring[pin];
        return { level: actuator ? actuators[actuator] : 0 };
      },
    }));
  },
});
