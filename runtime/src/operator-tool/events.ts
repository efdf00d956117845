/** What this program says of itself from further in: one JSON document a line. */
import { createInterface } from "node:readline";
import type { InsideEvent } from "./inside.ts";
import type { Inside } from "./root-server.ts";

/** The next event; undefined where it has ended, having said why on standard error. */
export function eventsOf({ child, exitCode }: Inside): () => Promise<InsideEvent | undefined> {
  const waiting: InsideEvent[] = [];
  let take: ((event: InsideEvent | undefined) => void) | undefined;
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  lines.on("line", (line) => {
    const event = JSON.parse(line) as InsideEvent;
    if (take) take(event);
    else waiting.push(event);
    take = undefined;
  });
  const over = exitCode.then(() => undefined);
  return () => {
    const [event] = waiting.splice(0, 1);
    if (event) return Promise.resolve(event);
    return Promise.race([
      new Promise<InsideEvent | undefined>((resolve) => {
        take = resolve;
      }),
      over,
    ]);
  };
}
