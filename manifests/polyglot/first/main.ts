/** Begins rounds of the ring and says what came back: the names of all that the token went through, and how the streams ended. */
import { type Client, defineComponent } from "@bulkhead/sdk";
import { z } from "zod";
import { ringInterface } from "../interfaces.ts";
import { readText, writeText } from "../text.ts";

const configSchema = z.strictObject({
  periodMs: z.int().positive(),
  /** Of each stream that is sent round: more than the window of one station, so that all of them wait for each other. */
  items: z.strictObject({ count: z.int().positive(), sizeBytes: z.int().nonnegative() }),
});
type Ring = Client<typeof ringInterface>;
type Items = z.infer<typeof configSchema>["items"];

export const component = defineComponent({
  // `half` leads to the station with which the second half of the leases begins: a guest has none.
  uses: { next: ringInterface, half: ringInterface },
  provides: {},
  start({ uses, config, log, onStop }) {
    const { periodMs, items } = configSchema.parse(config);
    let round = 0;
    let timer: NodeJS.Timeout;
    const tell = async (what: string, work: Promise<string>) => {
      try {
        log.info(`${what}: ${await work}`);
      } catch (error) {
        log.warn(`${what} was lost: ${(error as Error).message}`);
      }
    };
    const pass = async () => {
      const trail = uses.next.pass({ round: ++round, trail: "first" }).then((answer) => answer.trail);
      await tell(`round ${round}`, trail);
      timer = setTimeout(() => void pass(), periodMs);
    };
    const once = async () => {
      await tell("shared memory", stamped(uses.next));
      await tell("shared memory, second half", stamped(uses.half));
      await tell("down", readAll(uses.next, items));
      await tell("up", writeAll(uses.next, items));
    };
    timer = setTimeout(() => void pass(), 0);
    void once();
    onStop(() => clearTimeout(timer));
  },
});

/** The names of the stations that share memory one with the next. */
async function stamped(ring: Ring): Promise<string> {
  return ring.channel.lease.use(256, async (piece) => {
    writeText(piece, "first");
    await ring.stamp(piece.handle, { deadlineMs: 5_000 });
    return readText(piece);
  });
}

async function readAll(ring: Ring, items: Items): Promise<string> {
  let count = 0;
  for await (const { index, fill } of ring.down(items)) {
    if (index !== count || fill.length !== items.sizeBytes) throw new Error(`item ${index} in place of ${count}`);
    count++;
  }
  return `${count} items`;
}

async function writeAll(ring: Ring, { count, sizeBytes }: Items): Promise<string> {
  const writer = ring.up();
  for (let index = 0; index < count; index++) await writer.write({ index, fill: "x".repeat(sizeBytes) });
  await writer.end();
  return `${count} items`;
}
