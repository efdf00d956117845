/** Has a life of a component recorded and saves the record: until it ends by itself, the time is over, or somebody says so. */
import { chmod, writeFile } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { withBoundedFile } from "@bulkhead/sdk";
import type { Wish } from "./arguments.ts";
import { eventsOf } from "./events.ts";
import { enter, type Place } from "./root-server.ts";
import { wholeFrames } from "./whole-frames.ts";

type RecordWish = Extract<Wish, { kind: "record" }>;

export async function saveRecord({ component, out, maxBytes, forMs }: RecordWish, place: Place): Promise<number> {
  const inside = await enter(place, ["record", component, ...(maxBytes === null ? [] : [`${maxBytes}`])], "pipe");
  const next = eventsOf(inside);
  const begun = await next();
  if (begun?.event !== "recording") return inside.exitCode;
  process.stderr.write(
    `${component} is restarted and recorded, in at most ${begun.maxBytes} bytes; Ctrl-C ends the record\n`,
  );
  const ended = next();
  const told = new Promise<"told">((resolve) => {
    const tell = () => resolve("told");
    // Not `once`: who says it again while the component ends would lose the record.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, tell);
    if (forMs !== null) setTimeout(tell, forMs).unref();
  });
  if ((await Promise.race([ended, told])) === "told") inside.child.stdin?.write("\n");
  await ended;
  // The component wrote it: a file of a kind and size that a record can have, or none.
  const path = `/proc/${place.pid}/root${begun.file}`;
  const bytes = withBoundedFile(path, begun.maxBytes, ({ sizeBytes, read }) => read(0, sizeBytes));
  inside.child.stdin?.end();
  if (!bytes || bytes.length === 0) {
    throw new BulkheadError("RECORD_DAMAGED", `${component} wrote no record`, {
      remedy: "its log says why: a component with shared memory is not recorded",
    });
  }
  const whole = wholeFrames(bytes);
  await writeFile(out, whole, { mode: 0o600 });
  await chmod(out, 0o600);
  process.stdout.write(`${out}: ${whole.length} bytes of ${component}; it holds all that it heard, secrets included\n`);
  await inside.exitCode;
  return 0;
}
