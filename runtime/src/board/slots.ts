/** `slots show | good | try <slot>`: a board's slots, for its own base system and for who updates it. Root's alone. */
import { readFile } from "node:fs/promises";
import { BulkheadError, formatError, reportError } from "@bulkhead/protocol";
import { findPartition } from "./partitions.ts";
import { fullTries, type SlotName } from "./slots/record.ts";
import { readSlots, writeSlots } from "./slots/store.ts";

async function main([order, slot]: readonly string[]): Promise<void> {
  const places = [await findPartition("state-0"), await findPartition("state-1")] as const;
  const running = /\bbulkhead\.slot=([ab])\b/.exec(await readFile("/proc/cmdline", "utf8"))?.[1] as
    | SlotName
    | undefined;
  if (order === "good" && running !== undefined) {
    await writeSlots(places, { current: running });
    process.stdout.write(`slot ${running} is the current one\n`);
  } else if (order === "try" && (slot === "a" || slot === "b")) {
    const { current } = await readSlots(places);
    await writeSlots(places, { current, trying: slot, tries: fullTries });
    process.stdout.write(`slot ${slot} is tried from the next start on\n`);
  } else if (order === "show") {
    process.stdout.write(`${JSON.stringify({ running, ...(await readSlots(places)) })}\n`);
  } else throw new BulkheadError("USAGE", "slots takes show, good, or try and a slot: a or b");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
