/**
 * What every client library must do with streams, as tests of a station that hands them on: the test is the client before it
 * and the provider behind it, so that each library is seen reading and writing, as client and as provider.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { answerTo, type Frames, hello, notification, request, type Station } from "./station.ts";
import { item, opening, sizeOf, streamOf, upTo, windowBytes } from "./stream-frames.ts";
import { liveStream } from "./stream-history.ts";

export type Linked = { station: Station; provider: Frames };
const many = { count: 1000, sizeBytes: 0 };

/** A stream that goes through the station: what the client before it, and the provider behind it, see of it. */
async function through(
  { client, provider }: { client: Frames; provider: Frames },
  id: number,
  name: string,
  credit = 0,
) {
  const before = provider.heard.length;
  client.send([3, id, name, name === "down" ? many : null, credit]);
  const opened = await until(() => provider.heard.slice(before).map(opening(name)).find(Boolean), `${name} is opened`);
  return { near: streamOf(client, id), far: streamOf(provider, opened.id), opened };
}

async function ends(linked: () => Promise<Linked>) {
  const { station, provider } = await linked();
  return { station, provider, client: await station.connect() };
}

/** The same, with nothing sent yet. */
async function live(client: Frames, provider: Frames, id: number, name: "down" | "up") {
  const initial = name === "down" ? windowBytes : 0;
  const views = await through({ client, provider }, id, name, initial);
  const [before, behind] = [
    { frames: client, view: views.near },
    { frames: provider, view: views.far },
  ];
  if (name === "up") provider.send([5, views.far.id, windowBytes]);
  const history = name === "down" ? liveStream(behind, before, initial) : liveStream(before, behind, initial);
  return { history, ...views };
}

const step = fc.record({
  kind: fc.constantFrom("send" as const, "send" as const, "grant" as const, "grant" as const, "look" as const),
  count: fc.integer({ min: 1, max: 6 }),
  sizeBytes: fc.constantFrom(0, 10, 3_000, 20_000, 70_000),
});
const ending = fc.constantFrom("complete" as const, "complete" as const, "fail" as const, "cancel" as const);

/** `linked` starts a station with the provider behind it connected; `numRuns`: histories. */
export function testStreams(linked: () => Promise<Linked>, numRuns = 12): void {
  test("streams lose, double and reorder nothing, and nobody sends without credit, in any history, both ways", async () => {
    const { client, provider } = await ends(linked);
    let nextId = 0;
    const histories = fc.asyncProperty(
      fc.constantFrom("down" as const, "up" as const),
      fc.array(step, { maxLength: 25 }),
      ending,
      async (name, steps, how) => {
        const { history, near, far } = await live(client, provider, ++nextId, name);
        for (const { kind, count, sizeBytes } of steps) {
          await history.act[kind](count, sizeBytes);
          history.check();
        }
        if (how === "cancel") return history.cancel();
        await history.finish(how === "fail" ? { code: "STORAGE_FULL", message: "no more" } : null);
        if (name === "down" || how === "fail") return;
        // The client hears that the work is done when the provider says so, and not before.
        expect(near.end()).toBeUndefined();
        provider.send([6, far.id, null]);
        expect(await until(() => near.end(), "the provider's word")).toBe("completed");
      },
    );
    await fc.assert(histories, { numRuns });
    expect([client.closed(), provider.closed()]).toEqual([false, false]);
  });

  test("a reader that gives no credit stops the writer, and a call passes by meanwhile", async () => {
    const { client, provider } = await ends(linked);
    const { near, far } = await through({ client, provider }, 1, "down", 1);
    let [index, bytes] = [0, 0];
    for (; bytes < windowBytes; index++) {
      const frame = item(far.id, index, 1000);
      bytes += sizeOf(frame);
      provider.send(frame);
    }
    client.send([0, 9, "pass", { round: 1, trail: "before" }]);
    provider.send([1, (await provider.find(request)).id, null, { trail: "fine" }]);
    expect((await client.find(answerTo(9))).error).toBeNull();
    await until(() => near.items().length === 1, "the one item that there was credit for");
    // A whole window is held, one item less; so no credit was given back.
    expect(far.granted()).toBe(0);
    client.send([5, 1, 10 * windowBytes]);
    await until(() => near.items().length === index, "the others");
    await until(() => far.granted() > 0, "new credit");
  });

  test("what came before a provider goes is read first, then PEER_GONE; a stream that waits for it is opened", async () => {
    const { client, provider, station } = await ends(linked);
    const { near, far } = await through({ client, provider }, 1, "down", windowBytes);
    for (const index of [0, 1, 2]) provider.send(item(far.id, index));
    provider.close();
    expect(await until(() => near.end(), "the end")).toBe("PEER_GONE");
    expect(near.items().map(({ index }) => index)).toEqual([0, 1, 2]);
    client.send([3, 2, "down", many, windowBytes]);
    const again = await station.provider.connection(1);
    again.send(hello("after", 1));
    const opened = await again.find(opening("down"));
    expect(opened).toMatchObject({ args: many, credit: windowBytes });
    again.send([6, opened.id, null]);
    expect(await until(() => streamOf(client, 2).end(), "its end")).toBe("completed");
    station.peer(false, 1);
    await until(again.closed, "the end of the connection");
    client.send([3, 3, "up", null, 0]);
    expect(await until(() => streamOf(client, 3).end(), "its refusal")).toBe("PEER_GONE");
  });

  test("a client that goes ends its streams at the provider behind, and a provider that fails those of a client that is silent", async () => {
    const { client, provider } = await ends(linked);
    const silent = await through({ client, provider }, 3, "up");
    provider.send([6, silent.far.id, { code: "STORAGE_FULL", message: "no more" }]);
    expect(await until(() => silent.near.end(), "the provider's end")).toBe("STORAGE_FULL");
    const down = await through({ client, provider }, 1, "down", windowBytes);
    const up = await through({ client, provider }, 2, "up");
    client.close();
    await until(() => down.far.end() && up.far.end(), "both ends");
    expect(up.far.end()).toBe("PEER_GONE");
  });

  test("refuses a 17th stream, one that the interface has not, and what comes after an end does no harm", async () => {
    const { client, provider } = await ends(linked);
    const first = await through({ client, provider }, 1, "down", windowBytes);
    for (let id = 2; id <= 17; id++) client.send([3, id, "down", many, windowBytes]);
    expect(await until(() => streamOf(client, 17).end(), "its refusal")).toBe("IPC_OVERLOADED");
    provider.send([6, first.far.id, null]);
    await until(() => first.near.end(), "the end");
    provider.send(item(first.far.id, 0));
    for (const frame of [[5, 1, 1], [6, 1, null], item(1, 1)]) client.send(frame);
    client.send([3, 18, "sideways", null, 0]);
    expect(await until(() => streamOf(client, 18).end(), "its refusal")).toBe("IPC_UNKNOWN_OPERATION");
    expect([client.closed(), provider.closed()]).toEqual([false, false]);
  });

  const tooMuch = (id: number) => upTo(6).map((index) => item(id, index, 13_000));
  const badProviders: [what: string, frames: (id: number) => unknown[]][] = [
    ["sends more than its credit", (id) => [...tooMuch(id), item(id, 6)]],
    ["speaks of a stream that never was", (id) => [item(id + 1, 0)]],
    ["ends a stream that never was", (id) => [[6, id + 1000, null]]],
    ["gives credit for what it writes", (id) => [[5, id, 1]]],
    ["opens a stream itself", () => [[3, 1, "down", many, 1]]],
    ["sends an end that is no error", (id) => [[6, id, { code: "X" }]]],
    ["sends credit that is no number", (id) => [[5, id, -1]]],
  ];

  test("a provider that breaks the rules loses the connection, whichever", async () => {
    const { station, ...first } = await ends(linked);
    let provider = first.provider;
    for (const [number, [what, frames]] of badProviders.entries()) {
      // A client that takes nothing: all that the provider sends is held.
      const client = await station.connect();
      const { near, far } = await through({ client, provider }, 1, "down", 0);
      for (const frame of frames(far.id)) provider.send(frame);
      await until(provider.closed, `the end of a provider that ${what}`);
      client.send([5, 1, 10 * windowBytes]);
      expect(await until(() => near.end(), `the end for the client of one that ${what}`)).toBe("PEER_GONE");
      provider = await station.provider.connection(number + 1);
      provider.send(hello("after", 1));
    }
    expect(station.output()).toContain("IPC_FRAME_INVALID");
  });

  const badClients: [what: string, name: string, frames: unknown[]][] = [
    ["sends more than its credit", "up", [...tooMuch(1), item(1, 6)]],
    ["writes to a stream that the provider writes", "down", [item(1, 0)]],
    ["opens a stream twice", "down", [[3, 1, "down", many, 1]]],
    ["sends an item without a value", "up", [[4, 1]]],
    ["opens without credit", "up", [[3, 2, "up", null]]],
  ];

  test("a client that breaks the rules loses the connection, and the provider behind it hears of an end", async () => {
    const { station, provider } = await ends(linked);
    for (const [what, name, frames] of badClients) {
      const client = await station.connect();
      const { far } = await through({ client, provider }, 1, name, 0);
      for (const frame of frames) client.send(frame);
      await until(client.closed, `the end of a client that ${what}`);
      await until(() => far.end(), `the end behind a client that ${what}`);
    }
    expect(station.output()).toContain("IPC_FRAME_INVALID");
    await station.control.find(notification("heartbeat"));
  });
}
