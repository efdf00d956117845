/** On folders that look like the kernel's. The kernel itself is on the boards. */
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { conformance } from "./conformance.ts";
import { linuxAdc } from "./linux.ts";

/** As of the converter of an AM335x (12 bits, 1.8 V), of a pressure sensor, and of a thermocouple with all terms. */
const attributes = {
  in_voltage0_raw: "2048",
  in_voltage1_raw: "100",
  in_voltage1_scale: "2.5",
  in_voltage_scale: "0.439453125",
  in_pressure_input: "101.325",
  in_temp_raw: "-40",
  in_temp_offset: "140",
  in_temp_scale: "10",
  in_humidityrelative_raw: "soon",
  in_scale: "7",
  "in_voltage2-voltage3_raw": "10",
};

async function makeDevice(values: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-adc-"));
  await mkdir(join(directory, "adc"));
  for (const [name, value] of Object.entries(values)) await writeFile(join(directory, "adc", name), `${value}\n`);
  return directory;
}

conformance("folders", async () => {
  const directory = await makeDevice(attributes);
  return {
    create: () => linuxAdc(directory),
    device: "adc",
    inputs: [
      { channel: "voltage0", unit: "mV", min: 900, max: 900, isRaw: true },
      // Its own scale is stronger than that of its kind, and that stronger than that of all.
      { channel: "voltage1", unit: "mV", min: 250, max: 250, isRaw: true },
      { channel: "voltage2-voltage3", unit: "mV", min: 4.39, max: 4.4, isRaw: true },
      { channel: "temp", unit: "m°C", min: 1000, max: 1000, isRaw: true },
      { channel: "pressure", unit: "kPa", min: 101.325, max: 101.325, isRaw: false },
    ],
    async unplug() {
      await rename(join(directory, "adc"), join(directory, "away"));
      return () => rename(join(directory, "away"), join(directory, "adc"));
    },
    close: () => rm(directory, { recursive: true }),
  };
});

test("[K11] the adc driver's back-end takes no text for a number", async () => {
  const directory = await makeDevice({ ...attributes, in_current0_raw: "1", in_current_scale: "" });
  const adc = linuxAdc(directory);
  await expect(adc.read("adc", "humidityrelative")).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  await expect(adc.read("adc", "current0")).rejects.toMatchObject({ code: "DEVICE_FAILED" });
  await rm(directory, { recursive: true });
});
