/** Where specifications that run on a board find compiled add-ons: put there for it before it starts (hardware-in-loop/emulated/add-ons.ts). */
import { join } from "node:path";

/** From the root of the checkout. */
export const boardAddOns = ".cache/board-add-ons";

/** The file of one, for the processor that this runs on. */
export function compiledAddOn(name: string): string {
  return join(import.meta.dirname, "../..", boardAddOns, process.arch, `${name}.node`);
}
