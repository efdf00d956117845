import { BulkheadError, type Frame, streamWindowBytes } from "@bulkhead/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineInterface } from "../../interface.ts";
import { createLog } from "../../log.ts";
import { createLoad } from "../load.ts";
import { answerCalls } from "../provider-calls.ts";
import { trackStreams } from "./client-streams.ts";

const iface = defineInterface({
  name: "flow",
  operations: {},
  streams: {
    down: { arguments: z.number(), item: z.number(), direction: "from-provider" },
    up: { arguments: z.null(), item: z.number(), direction: "from-client" },
  },
});
const peerGone = () => new BulkheadError("PEER_GONE", "gone");
/** As if an item filled a quarter of the window: credit runs out after four. */
const itemBytes = streamWindowBytes / 4;

/** Both ends of a channel, and between them the frames in flight, which move when the test says so. */
function world() {
  const toProvider: Frame[] = [];
  const toClient: Frame[] = [];
  const consumed: number[] = [];
  let produced = 0;
  let isClogged = false;
  let aborted = 0;
  const client = trackStreams("flow", () => undefined);
  const sender = (frames: Frame[]) => (frame: Frame) => {
    frames.push(frame);
    return frame[0] === 4 ? itemBytes : 1;
  };
  const link = {
    send: sender(toClient),
    queuedBytes: () => (isClogged ? 1e9 : 0),
    unsentBytes: () => (isClogged ? 1e9 : 0),
    pause() {},
    hold() {},
    resume() {},
    end() {},
    destroy() {},
  };
  const served = {
    ...{ interface: iface, service: "flow", channel: "c.flow", grant: {}, operations: null },
    ...{ log: createLog(() => {}), onRefusal() {}, load: createLoad() },
  };
  const provider = answerCalls<typeof iface>(served, link, {
    async *down(count, { signal }) {
      signal.addEventListener("abort", () => aborted++);
      for (let i = 0; i < count; i++) {
        produced++;
        yield i;
      }
    },
    async up(_, items) {
      for await (const item of items) consumed.push(item);
    },
  });
  const move = (frames: Frame[], take: (frame: Frame, sizeBytes: number) => void, count: number) => {
    for (const frame of frames.splice(0, count)) take(frame, frame[0] === 4 ? itemBytes : 1);
  };
  const connect = () => client.opened({ send: sender(toProvider), isClogged: () => isClogged });
  connect();
  return {
    client,
    provider,
    toClient,
    toProvider,
    consumed,
    produced: () => produced,
    aborted: () => aborted,
    down: (count: number) => client.open("down", iface.streams.down, count) as AsyncIterableIterator<number>,
    up: () =>
      client.open("up", iface.streams.up, null) as {
        write(item: number): Promise<void>;
        end(): Promise<void>;
        fail(error: BulkheadError): void;
      },
    moveDown: (count = 1e9) => move(toClient, client.take, count),
    moveUp: (count = 1e9) => move(toProvider, provider.take, count),
    clog(value: boolean) {
      isClogged = value;
      if (value) return;
      client.drained();
      provider.drained();
    },
    lose() {
      toClient.length = 0;
      toProvider.length = 0;
      client.closed(peerGone());
      provider.closed();
      connect();
    },
  };
}
type World = ReturnType<typeof world>;

const settled = () => new Promise((resolve) => setImmediate(resolve));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Moves frames both ways until nothing happens any more. */
async function rest(w: World): Promise<void> {
  do {
    w.moveUp();
    w.moveDown();
    await settled();
  } while (w.toClient.length + w.toProvider.length > 0);
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("read" as const, "write" as const),
      count: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("up" as const, "down" as const),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("clog" as const, "unclog" as const, "settle" as const),
      count: fc.constant(0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("lose" as const, "cancel" as const), count: fc.constant(0) }),
  },
);

describe("[K3] streams", () => {
  test("lose, double and reorder nothing, and hold no more than their credit, in any history", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 40 }), async (steps, total) => {
        const w = world();
        const reader = w.down(total);
        const writer = w.up();
        const read: number[] = [];
        const readEnd: unknown[] = [];
        const acknowledged: number[] = [];
        let written = 0;
        let isCut = false;
        const act: Record<(typeof steps)[number]["kind"], (count: number) => unknown> = {
          read: (count) => {
            for (let i = 0; i < count; i++) {
              reader.next().then(
                (result) => (result.done ? readEnd.push("done") : read.push(result.value)),
                (error: BulkheadError) => readEnd.push(error.code),
              );
            }
          },
          write: (count) => {
            for (let i = 0; i < count; i++) {
              const item = written++;
              writer.write(item).then(
                () => acknowledged.push(item),
                () => {},
              );
            }
          },
          up: (count) => w.moveUp(count),
          down: (count) => w.moveDown(count),
          clog: () => w.clog(true),
          unclog: () => w.clog(false),
          settle: () => settled(),
          lose: () => {
            isCut = true;
            w.lose();
          },
          cancel: () => {
            isCut = true;
            void reader.return?.();
          },
        };
        for (const { kind, count } of steps) {
          await act[kind](count);
          // What was sent and not taken is within the window and one item.
          expect(w.produced() - read.length).toBeLessThanOrEqual(streamWindowBytes / itemBytes + 2 + (isCut ? 1e9 : 0));
        }
        w.clog(false);
        act.read(total + 2);
        const ended = writer.end().then(
          () => "done",
          (error: BulkheadError) => error.code,
        );
        await rest(w);
        // In order, without gaps, from the first one on; whole where nothing was cut.
        expect(read).toEqual(upTo(read.length));
        expect(w.consumed).toEqual(upTo(w.consumed.length));
        expect(acknowledged).toEqual(upTo(acknowledged.length));
        expect(["done", "PEER_GONE"]).toContain(await ended);
        for (const end of readEnd) expect(["done", "PEER_GONE"]).toContain(end);
        if (isCut) return;
        expect(read).toEqual(upTo(total));
        expect(w.consumed).toEqual(upTo(written));
        expect(acknowledged).toEqual(upTo(written));
        expect(await ended).toBe("done");
      }),
      { numRuns: 400 },
    );
  });

  test("wait for credit: the provider makes no item that the reader has no room for", async () => {
    const w = world();
    const reader = w.down(1000);
    await rest(w);
    expect(w.produced()).toBeLessThanOrEqual(6);
    for (let i = 0; i < 10; i++) {
      expect((await reader.next()).value).toBe(i);
      await rest(w);
    }
    await rest(w);
    expect(w.produced()).toBeGreaterThan(10);
    expect(w.produced()).toBeLessThanOrEqual(16);
  });

  test("end at the provider when the client leaves its loop, and its signal tells", async () => {
    const w = world();
    const reader = w.down(1000);
    await rest(w);
    const made = w.produced();
    await reader.return?.();
    await rest(w);
    expect(w.aborted()).toBe(1);
    expect(w.produced()).toBeLessThanOrEqual(made + 1);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test("that came before the end are read before its reason", async () => {
    const w = world();
    const reader = w.down(3);
    w.moveUp();
    await settled();
    w.moveDown(2);
    w.lose();
    expect([await reader.next(), await reader.next()]).toMatchObject([{ value: 0 }, { value: 1 }]);
    await expect(reader.next()).rejects.toMatchObject({ code: "PEER_GONE" });
    expect((await reader.next()).done).toBe(true);
  });

  test("an item without credit breaks the channel", async () => {
    const w = world();
    w.down(1);
    const over = () => {
      for (let i = 0; i < 5; i++) w.client.take([4, 1, i], itemBytes);
    };
    expect(over).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
    expect(() => w.client.take([4, 77, 1], 1)).toThrow(expect.objectContaining({ code: "IPC_FRAME_INVALID" }));
  });

  test("a writer that does not wait is refused at 256, and one that gives up tells the provider why", async () => {
    const w = world();
    const writer = w.up();
    const writes = upTo(257).map((i) => writer.write(i).catch((error: BulkheadError) => error.code));
    expect(await writes[256]).toBe("IPC_OVERLOADED");
    writer.fail(new BulkheadError("STORAGE_FULL", "no more"));
    expect(new Set(await Promise.all(writes))).toEqual(new Set(["STORAGE_FULL", "IPC_OVERLOADED"]));
    await rest(w);
    expect(w.consumed).toEqual([]);
  });

  test("more than 16 at once are refused", async () => {
    const w = world();
    for (let i = 0; i < 16; i++) w.down(1);
    await expect(w.down(1).next()).rejects.toMatchObject({ code: "IPC_OVERLOADED" });
    await expect(w.up().end()).rejects.toMatchObject({ code: "IPC_OVERLOADED" });
  });
});
