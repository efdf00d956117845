/** Answers that are larger together than what a channel holds: they wait, and nobody is ended who reads. */
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame } from "../../codec.ts";
import { closeAll, handlers, hello, pair, rawConnection, rawPair } from "../../testing/valve.ts";

const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });
const deadlineMs = 60_000;
const nearlyMiB = 1024 * 1024 - 64;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

afterEach(closeAll);

describe("[K3] [K7] answers that are larger than the channel", () => {
  test.each([
    { how: "at once", answer: (size: unknown) => new Uint8Array(size as number) },
    { how: "later, all together", answer: async (size: unknown) => new Uint8Array(size as number) },
  ])("all arrive, given $how, of 256 calls with 1 MiB each", async ({ answer }) => {
    const { client, lines } = await pair({ ...handlers, echo: answer });
    const results = await Promise.all(Array.from({ length: 256 }, () => client.echo(nearlyMiB, { deadlineMs })));
    expect(new Set(results.map((bytes) => (bytes as Uint8Array).length))).toEqual(new Set([nearlyMiB]));
    expect(lines).toEqual([]);
  });

  test("all arrive, whatever their sizes, whenever they are given, and streams and small calls beside them", async () => {
    const call = fc.record({
      size: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: nearlyMiB }), fc.constant(nearlyMiB)),
      turns: fc.nat({ max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 120 }), fc.nat({ max: 12 }), async (calls, count) => {
        const { client, lines } = await pair({
          ...handlers,
          echo(args) {
            const { size, turns } = args as (typeof calls)[number];
            if (turns === 0) return new Uint8Array(size);
            return (async () => {
              for (let i = 1; i < turns; i++) await turn();
              return new Uint8Array(size);
            })();
          },
        });
        const positions = (async () => {
          const seen: number[] = [];
          for await (const { percent } of client.positions({ count })) seen.push(percent);
          return seen;
        })();
        const sizes = calls.map(async (one) => ((await client.echo(one, { deadlineMs })) as Uint8Array).length);
        const reads = Promise.all(Array.from({ length: 20 }, () => client.read(null, { deadlineMs })));
        expect(await Promise.all(sizes)).toEqual(calls.map(({ size }) => size));
        expect(await positions).toEqual(Array.from({ length: count }, (_, index) => index));
        expect((await reads).length).toBe(20);
        expect(lines).toEqual([]);
        await closeAll();
      }),
      { numRuns: 15, timeout: 60_000, endOnFailure: true },
    );
  });

  test("are asked for no faster than they leave, once it is known how large they are", async () => {
    let running = 0;
    let most = 0;
    const { client } = await pair({
      ...handlers,
      async echo(size) {
        most = Math.max(most, ++running);
        await turn();
        running--;
        return new Uint8Array(size as number);
      },
    });
    await client.echo(nearlyMiB, { deadlineMs });
    await Promise.all(Array.from({ length: 255 }, () => client.echo(nearlyMiB, { deadlineMs })));
    expect(most).toBeLessThanOrEqual(9);
  });

  test("do not keep calls waiting behind handlers that wait for something themselves", async () => {
    const go: (() => void)[] = [];
    const { client } = await pair({
      ...handlers,
      async echo(wait) {
        if (wait) await new Promise<void>((resolve) => go.push(resolve));
        return new Uint8Array(nearlyMiB);
      },
      write: () => {
        for (const resolve of go) resolve();
        return null;
      },
    });
    await client.echo(false, { deadlineMs });
    const large = Array.from({ length: 12 }, () => client.echo(true, { deadlineMs }));
    await eventually(() => go.length).toBe(12);
    expect(await client.write({ percent: 1 }, { deadlineMs })).toBeNull();
    expect(await Promise.all(large)).toHaveLength(12);
  });

  test("reach a client that reads slowly, however long that takes in all", async () => {
    const { path, lines } = await rawPair({ ...handlers, echo: () => new Uint8Array(100_000) }, { stallMs: 300 });
    const raw = await rawConnection(path);
    raw.socket.write(
      Buffer.concat([hello(), ...Array.from({ length: 100 }, (_, id) => encodeFrame([0, id, "echo", 1]))]),
    );
    const startedMs = performance.now();
    let heard = 0;
    raw.socket.on("data", (chunk) => {
      heard += chunk.length;
      raw.socket.pause();
      setTimeout(() => raw.socket.resume(), 5);
    });
    await eventually(() => raw.messages.length).toBe(101);
    expect(heard).toBeGreaterThan(100 * 100_000);
    expect(performance.now() - startedMs).toBeGreaterThan(300);
    expect(lines).toEqual([]);
    raw.socket.destroy();
  });

  test("reach a client that takes longer for one of them than a client may take nothing", async () => {
    const { path, lines } = await rawPair({ ...handlers, echo: () => new Uint8Array(nearlyMiB) }, { stallMs: 1000 });
    const raw = await rawConnection(path);
    const startedMs = performance.now();
    raw.socket.on("data", () => {
      raw.socket.pause();
      setTimeout(() => raw.socket.resume(), 100);
    });
    raw.socket.write(Buffer.concat([hello(), encodeFrame([0, 0, "echo", 1])]));
    await eventually(() => raw.messages.length).toBe(2);
    expect(performance.now() - startedMs).toBeGreaterThan(1000);
    expect(lines).toEqual([]);
    raw.socket.destroy();
  });
});

describe("[K7] a client that takes nothing", () => {
  test.each([
    { how: "at once", answer: () => new Uint8Array(nearlyMiB) },
    { how: "later", answer: async () => new Uint8Array(nearlyMiB) },
  ])("loses its connection after a time, and the provider began little for it ($how)", async ({ answer }) => {
    let begun = 0;
    const echo = () => {
      begun++;
      return answer();
    };
    const { path, lines, server } = await rawPair({ ...handlers, echo }, { stallMs: 200 });
    const raw = await rawConnection(path);
    raw.socket.pause();
    raw.socket.write(Buffer.concat([hello(), encodeFrame([0, 0, "echo", 1])]));
    await eventually(() => begun).toBe(1);
    await turn();
    for (let round = 0; round < 10; round++) {
      raw.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, id) => encodeFrame([0, id, "echo", 1]))));
    }
    await eventually(() => server().counters.refusedConnections).toBe(1);
    expect(lines.join()).toContain("the client has taken nothing for 200 ms");
    expect(begun).toBeLessThanOrEqual(9);
    raw.socket.destroy();
  });
});
