/**
 * The back-end on industrial I/O: one measurement by a read of `in_<channel>_input`, or of `in_<channel>_raw` with the
 * scale and the offset that the channel has, its kind has, or all have (Documentation/ABI/testing/sysfs-bus-iio).
 */
import { BulkheadError } from "@bulkhead/protocol";
import { openAttributes } from "../sysfs/attributes.ts";
import type { AdcDriver } from "./driver.ts";
import { kindOf, unitOf } from "./units.ts";

/** Devices are the directories in `directory`, by the board's names. */
export function linuxAdc(directory: string): AdcDriver {
  return {
    async read(device, channel) {
      const attributes = openAttributes(`${directory}/${device}`, device);
      const here = new Set(await attributes.list());
      const unit = unitOf(channel);
      if (here.has(`in_${channel}_input`)) {
        const text = await attributes.read(`in_${channel}_input`);
        return { value: parse(device, channel, text), unit, raw: null };
      }
      if (!here.has(`in_${channel}_raw`))
        throw new BulkheadError("DEVICE_ABSENT", `${device} has no input ${channel}`, {
          remedy: "name a channel that the device has: `in_<channel>_raw` or `in_<channel>_input` of its directory",
        });
      const raw = await attributes.readNumber(`in_${channel}_raw`);
      const term = async (name: string, otherwise: number) => {
        const attribute = sharedNames(channel, name).find((each) => here.has(each));
        return attribute === undefined ? otherwise : parse(device, attribute, await attributes.read(attribute));
      };
      return { value: (raw + (await term("offset", 0))) * (await term("scale", 1)), unit, raw };
    },
  };
}

/** From the channel's own to that of all inputs. */
function sharedNames(channel: string, term: string): string[] {
  return [`in_${channel}_${term}`, `in_${kindOf(channel)}_${term}`, `in_${term}`, term];
}

function parse(device: string, what: string, text: string): number {
  const value = Number(text);
  if (text !== "" && Number.isFinite(value)) return value;
  throw new BulkheadError("DEVICE_FAILED", `${device}: ${what} is ${JSON.stringify(text)}, and not a number`);
}
