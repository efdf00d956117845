/** Records the greenhouse's climate controller, as it stands, through a warm quarter of a minute of its life. */
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { gpioLineInterface } from "../../drivers/gpio/interface.ts";
import { i2cDeviceInterface } from "../../drivers/i2c/interface.ts";
import { climateInterface, moistureInterface, telemetryInterface } from "../../manifests/greenhouse/interfaces.ts";
import { encodeTemperature } from "../../manifests/greenhouse/plant/bus.ts";
import { clockInterface, samplesInterface } from "../../sdk/src/index.ts";
import { recordSession, type SessionRecord } from "../../sdk/src/testing/record-session.ts";

export const climateFolder = fileURLToPath(new URL("../../manifests/greenhouse/climate", import.meta.url));

/** Becomes too warm, loses its thermometer and its moisture sensor, and is asked for its state now and then. */
export function recordClimate(): Promise<SessionRecord> {
  let temperatureC: number | undefined = 20;
  let fan = 0;
  const thermometer = {
    readRegister() {
      if (temperatureC === undefined) throw new BulkheadError("I2C_NO_ACKNOWLEDGE", "nobody there");
      return { data: encodeTemperature(temperatureC) };
    },
    writeRegister: () => null,
  };
  const line = {
    read: () => ({ level: fan }),
    write({ level }: { level: number }) {
      fan = level;
      return null;
    },
    watch: () => null,
  };
  const clock = {
    now: () => ({ timeMs: Date.now(), monotonicUs: 0, quality: "host", errorMs: null }),
    after: () => null,
    cancel: () => null,
  };
  const options = {
    module: `${climateFolder}/main.ts`,
    config: { periodMs: 15 },
    uses: {
      thermometer: {
        ...{ interface: i2cDeviceInterface, handlers: thermometer },
        grant: { bus: 2, address: 0x48, access: "read" },
      },
      fan: { interface: gpioLineInterface, handlers: line, grant: { pin: "P9_12", direction: "out" } },
      clock: { interface: clockInterface, handlers: clock },
      readings: { interface: telemetryInterface, handlers: { publish: () => null } },
      samples: {
        ...{ interface: samplesInterface, handlers: { publish: () => null } },
        grant: { streams: { temperature: { unit: "°C" }, fan: { unit: "on" } }, perMinute: 6000 },
      },
      moisture: { interface: moistureInterface, handlers: { read: () => ({ moisturePermille: 400 }) } },
    },
    provides: { state: { interface: climateInterface } },
  };
  return recordSession(options, async (session) => {
    const state = session.client("state", climateInterface);
    const until = async (is: (now: Awaited<ReturnType<typeof state.read>>) => boolean) => {
      while (!is(await state.read())) await new Promise(setImmediate);
    };
    await until((now) => now.temperatureMilliC === 20_000 && now.moisturePermille === 400);
    temperatureC = 25.5;
    await until((now) => now.temperatureMilliC === 25_500);
    temperatureC = 27;
    await until((now) => now.fan === 1);
    await session.goDown("moisture");
    await until((now) => now.moisturePermille === null);
    temperatureC = undefined;
    await until((now) => now.temperatureMilliC === null);
    await session.comeBack("moisture");
    temperatureC = 24;
    await until((now) => now.fan === 0 && now.moisturePermille === 400);
    session.stop();
  });
}
