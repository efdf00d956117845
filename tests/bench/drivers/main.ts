/**
 * Drivers beside their peers, in emulated boards: `npm run bench -- drivers`. An emulated processor's figures say nothing of a board's, so
 * only ratios are printed; the JSON has what they were made of. `gpio` or `buses` behind it measures that alone.
 */
import { columns, loadNow, machine } from "../figures.ts";
import { measureBuses } from "./buses.ts";
import { measureGpio } from "./gpio.ts";

const parts = { gpio: measureGpio, buses: measureBuses };
const asked = process.argv.slice(2);
const chosen = Object.entries(parts).filter(([name]) => asked.includes(name));

const figures: Record<string, object> = {};
for (const [name, measure] of chosen.length > 0 ? chosen : Object.entries(parts)) {
  const { title, tables, figures: own } = await measure();
  figures[name] = own;
  if (!asked.includes("--json")) process.stdout.write(`${title}\n\n${tables.map(columns).join("\n\n")}\n\n`);
}
const host = { ...machine(), load: loadNow() };
process.stdout.write(`${JSON.stringify({ bench: "drivers", host, ...figures })}\n`);
