/** `slots show | try <slot> | settled`: a board's slots, for root of the board and for its base system. What is decided on them the root server decides (decision 59). */
import { existsSync } from "node:fs";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { openSlots } from "./slots/board-slots.ts";
import { fullTries } from "./slots/record.ts";
import { untilSettled } from "./slots/settled.ts";

/** There while all components are ready (service-manager.ts). */
const wellPath = "/run/bulkhead/well";

async function main([order, slot]: readonly string[]): Promise<void> {
  const slots = await openSlots();
  if (slots === null) throw new BulkheadError("FILE_UNREADABLE", "this board was not started from a slot");
  if (order === "settled") {
    const current = await untilSettled(slots, () => existsSync(wellPath));
    process.stdout.write(`slot ${current} is the current one\n`);
  } else if (order === "try" && (slot === "a" || slot === "b")) {
    const { current } = await slots.read();
    await slots.write({ current, trying: slot, tries: fullTries });
    process.stdout.write(`slot ${slot} is tried from the next start on\n`);
  } else if (order === "show") {
    process.stdout.write(`${JSON.stringify({ ...slots.running, ...(await slots.read()) })}\n`);
  } else throw new BulkheadError("USAGE", "slots takes show, settled, or try and a slot: a or b");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
