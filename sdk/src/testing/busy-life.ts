/** The neighbours of the busy component, and a life with them, for the specs of records. */
import { fileURLToPath } from "node:url";
import { busyInterface, mirrorInterface } from "./components/busy.ts";
import type { RecordedSession, RecordOptions } from "./record-session.ts";

const module = fileURLToPath(new URL("components/busy.ts", import.meta.url));

export function options(more: Partial<RecordOptions> = {}): RecordOptions {
  let shown = 0;
  const handlers = {
    // Quick at times, at others not: what comes first is the neighbour's affair.
    show: () => (++shown % 3 === 0 ? new Promise((resolve) => setTimeout(resolve, 4, shown)) : shown),
    slow: () => new Promise(() => {}),
  };
  return {
    module,
    uses: { mirror: { interface: mirrorInterface, handlers } },
    provides: { busy: { interface: busyInterface } },
    ...more,
  };
}

/** A life with all that a channel has. */
export async function live(session: RecordedSession): Promise<void> {
  const client = session.client("busy", busyInterface);
  await Promise.all([client.poke(1), client.poke(2), client.poke(3)]);
  await client.fail().catch(() => {});
  session.served("mirror")?.notify("turned", 5);
  for await (const item of client.count(40)) if (item > 30) break;
  const writer = client.add();
  for (let i = 0; i < 20; i++) await writer.write(i);
  await writer.end();
  await session.goDown("mirror");
  await client.poke(1);
  await session.comeBack("mirror");
  await client.poke(1);
}
