/**
 * The back-end on the kernel's GPIO character device, version 2 (Linux 5.10 and later): the kernel keeps others off a line
 * that is claimed, stamps edges at the interrupt, and counts them, so one that was lost is seen.
 */
import type { GpioDriver } from "../driver.ts";
import { type PinPlaces, placePins } from "../pins.ts";
import { type Chip, openChip } from "./chip.ts";
import { type Kernel, openLines } from "./lines.ts";

export type ChardevOptions = Kernel & {
  readonly pins: PinPlaces;
  /** The node of a controller. */
  readonly nodeOf: (bank: number) => string;
};

export function chardevGpio({ pins: places, nodeOf, ...kernel }: ChardevOptions): GpioDriver {
  const chips = new Map<number, Chip>();

  function chipOf(bank: number): Chip {
    const chip = chips.get(bank) ?? openChip(nodeOf(bank), kernel.ioctl);
    chips.set(bank, chip);
    return chip;
  }

  return {
    stamps: "kernel",
    async claim(pins, settings) {
      const { bank, lines } = placePins(places, pins);
      const fd = chipOf(bank).request(lines, settings, pins.join(", "));
      return openLines(fd, pins, lines, settings, kernel);
    },
  };
}
