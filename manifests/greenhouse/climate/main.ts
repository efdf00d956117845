/** The climate controller: reads the thermometer, switches the fan, and tells who wants to know. */
import { gpioLineInterface } from "@bulkhead/drivers/gpio/interface";
import { i2cDeviceInterface } from "@bulkhead/drivers/i2c/interface";
import { reportError } from "@bulkhead/protocol";
import { type Client, clockInterface, defineComponent, type Log, samplesInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { startCycle } from "../cycle.ts";
import { climateInterface, moistureInterface, telemetryInterface } from "../interfaces.ts";
import { decideFan, decodeTemperature } from "./control.ts";

const configSchema = z
  .object({
    periodMs: z.number().int().min(10).default(500),
    fanOnMilliC: z.number().int().default(26_000),
    fanOffMilliC: z.number().int().default(25_000),
  })
  .refine(({ fanOnMilliC, fanOffMilliC }) => fanOffMilliC < fanOnMilliC, "fanOffMilliC must be below fanOnMilliC");

export const component = defineComponent({
  uses: {
    thermometer: i2cDeviceInterface,
    fan: gpioLineInterface,
    clock: clockInterface,
    readings: telemetryInterface,
    moisture: moistureInterface,
    samples: samplesInterface,
  },
  provides: { state: climateInterface },
  async start({ uses, provides, config, log, onStop }) {
    const { periodMs, ...limits } = configSchema.parse(config);
    const state: State = { temperatureMilliC: null, fan: 0, moisturePermille: null };
    const thermometer = watchedThermometer(uses.thermometer, log);
    tellAboutMoisture(uses.moisture, log);
    provides.state.serve(() => ({ read: () => ({ ...state }) }));

    await uses.fan.write({ level: 0 });
    const stopControl = startCycle(periodMs, async () => {
      state.temperatureMilliC = await thermometer();
      const fan = decideFan(state.fan, state.temperatureMilliC, limits);
      if (fan === state.fan) return;
      await uses.fan.write({ level: fan });
      state.fan = fan;
      log.info(`fan ${fan ? "on" : "off"} at ${formatTemperature(state.temperatureMilliC)}`);
    });
    // A cycle of its own: whoever is slow here never delays the fan.
    const stopReport = startCycle(periodMs, async () => {
      state.moisturePermille = await readMoisture(uses.moisture);
      await Promise.all([publish(uses, state), publishSamples(uses.samples, state)]);
    });
    onStop(async () => {
      await Promise.all([stopControl(), stopReport()]);
      await uses.fan.write({ level: 0 });
    });
  },
});

type State = { temperatureMilliC: number | null; fan: 0 | 1; moisturePermille: number | null };

/** Reads the temperature, null where that fails, and tells when it begins and ends to fail. */
function watchedThermometer(thermometer: Client<typeof i2cDeviceInterface>, log: Log): () => Promise<number | null> {
  let failing = false;
  return async () => {
    try {
      const { data } = await thermometer.readRegister({ register: 0, length: 2 });
      if (failing) log.info("the thermometer answers again");
      failing = false;
      return decodeTemperature(data);
    } catch (error) {
      if (!failing) log.warn("the thermometer does not answer, the fan runs meanwhile", reportError(error));
      failing = true;
      return null;
    }
  };
}

/** The moisture sensor is a weak dependency: it may come and go, and the climate is controlled all the same. */
function tellAboutMoisture(moisture: Client<typeof moistureInterface>, log: Log): void {
  let wasGone = false;
  moisture.channel.onPeer(({ up, incarnation }) => {
    if (up && wasGone) log.info("moisture sensor is back", { incarnation });
    if (!up) log.warn("moisture sensor is gone, going on without it");
    wasGone = !up;
  });
}

async function readMoisture(moisture: Client<typeof moistureInterface>): Promise<number | null> {
  if (!moisture.channel.up) return null;
  try {
    return (await moisture.read(null, { deadlineMs: 200 })).moisturePermille;
  } catch {
    return null; // It went between the two lines; tellAboutMoisture says so.
  }
}

/** Hands on what is known; telemetry is a weak dependency, too. */
async function publish(
  { clock, readings }: { clock: Client<typeof clockInterface>; readings: Client<typeof telemetryInterface> },
  state: State,
): Promise<void> {
  if (!readings.channel.up) return;
  try {
    const { timeMs } = await clock.now(null, { deadlineMs: 200 });
    await readings.publish({ topic: "greenhouse/climate", fields: { timeMs, ...state } }, { deadlineMs: 200 });
  } catch {
    // A lost reading is telemetry's to count where it can; control goes on.
  }
}

/** The device's own telemetry: stored while nobody can be reached, where a message to a broker is not. */
async function publishSamples(samples: Client<typeof samplesInterface>, state: State): Promise<void> {
  if (!samples.channel.up) return;
  const { temperatureMilliC, fan } = state;
  const temperature = temperatureMilliC === null ? {} : { temperature: temperatureMilliC / 1000 };
  // Refused, or the server went: the next cycle has newer values.
  await samples.publish({ values: { fan, ...temperature } }, { deadlineMs: 200 }).catch(() => undefined);
}

function formatTemperature(milliC: number | null): string {
  return milliC === null ? "an unknown temperature" : `${(milliC / 1000).toFixed(1)} °C`;
}
