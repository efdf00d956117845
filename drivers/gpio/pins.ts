/** Where the board's pins are: the compiler writes it into the driver's configuration, for the pins that are granted. */
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";

export const pinPlaceSchema = z.strictObject({
  /** Which of the device's controllers. */
  bank: z.int().min(0),
  /** Which line of the controller. */
  line: z.int().min(0),
});
export type PinPlace = z.infer<typeof pinPlaceSchema>;
export type PinPlaces = Readonly<Record<string, PinPlace>>;

/** The bank that has all of `pins`, and their lines. Throws GPIO_LINE_UNKNOWN. */
export function placePins(places: PinPlaces, pins: readonly string[]): { bank: number; lines: number[] } {
  const found = pins.map((pin) => {
    const place = Object.hasOwn(places, pin) ? places[pin] : undefined;
    if (place) return place;
    throw new BulkheadError("GPIO_LINE_UNKNOWN", `the driver has no pin ${pin}`, {
      remedy: "look whether the board file says `bank` and `line` of the pin",
    });
  });
  const [first, ...rest] = found;
  if (first === undefined || rest.some(({ bank }) => bank !== first.bank)) {
    throw new BulkheadError("GPIO_LINE_UNKNOWN", `${pins.join(", ")} are not pins of one controller`, {
      remedy: "claim the pins of each controller together",
    });
  }
  return { bank: first.bank, lines: found.map(({ line }) => line) };
}
