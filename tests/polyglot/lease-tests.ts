/** What every client library must do with shared memory, as tests of a station that passes a text on in it. */
import { open, readFile, truncate } from "node:fs/promises";
import { expect, test } from "vitest";
import { until } from "../../runtime/src/root-server/testing/bench.ts";
import { answerTo, type Frames, hello, notification, type Station } from "./station.ts";

const leaseBytes = 3 * 4096;
type Piece = { offset: number; sizeBytes: number };

const stampCall = (frame: unknown): { id: number; piece: Piece } | undefined =>
  Array.isArray(frame) && frame[0] === 0 && frame[2] === "stamp" ? { id: frame[1], piece: frame[3] } : undefined;

async function put(file: string, offset: number, text: string): Promise<void> {
  const handle = await open(file, "r+");
  await handle.write(Buffer.from(`${text}\0`), 0, text.length + 1, offset);
  await handle.close();
}

async function textAt(file: string, offset: number): Promise<string> {
  const bytes = (await readFile(file)).subarray(offset);
  return bytes.subarray(0, bytes.indexOf(0)).toString();
}

/** `start` starts a station with a lease at both of its channels, and `connected` the provider behind it. */
export function testLeases(start: (channel: { leaseBytes: number }) => Promise<Station>): void {
  async function ends() {
    const station = await start({ leaseBytes });
    const connect = async (incarnation: number): Promise<Frames> => {
      station.peer(true, incarnation);
      const provider = await station.provider.connection(incarnation - 1);
      await provider.find(notification("hello"));
      provider.send(hello("after", incarnation));
      return provider;
    };
    return { station, connect, provider: await connect(1), client: await station.connect() };
  }

  /** The `number`th call of the station, counted from 0. */
  const stamped = (provider: Frames, number: number) =>
    until(() => provider.heard.map(stampCall).filter(Boolean)[number], "the station's call");

  test("a text goes through the shared memory of both channels and comes back", async () => {
    const { station, provider, client } = await ends();
    await put(station.leases.before, 4096, "before");
    client.send([0, 1, "stamp", { offset: 4096, sizeBytes: 100 }]);
    const { id, piece } = await stamped(provider, 0);
    expect(await textAt(station.leases.next, piece.offset)).toBe("before station");
    await put(station.leases.next, piece.offset, "before station after");
    provider.send([1, id, null, null]);
    expect(await client.find(answerTo(1))).toEqual({ error: null, result: null });
    expect(await textAt(station.leases.before, 4096)).toBe("before station after");
  });

  test("a piece that is not inside the lease is refused, and so is one of a lease that was cut off", async () => {
    const { station, provider, client } = await ends();
    const outside = [
      { offset: leaseBytes, sizeBytes: 100 },
      { offset: leaseBytes - 50, sizeBytes: 100 },
      { offset: 0, sizeBytes: leaseBytes + 1 },
      { offset: Number.MAX_SAFE_INTEGER, sizeBytes: Number.MAX_SAFE_INTEGER },
      { offset: 2 ** 32, sizeBytes: 100 },
    ];
    // There is something to be read there, so that only the numbers can tell.
    await truncate(station.leases.before, 2 * leaseBytes);
    for (const [id, piece] of outside.entries()) client.send([0, id, "stamp", piece]);
    for (const id of outside.keys()) {
      expect((await client.find(answerTo(id))).error).toMatchObject({ code: "IPC_LEASE_INVALID" });
    }
    client.send([0, 10, "stamp", { offset: 0, sizeBytes: 100 }]);
    const { id } = await stamped(provider, 0);
    await truncate(station.leases.next, 0);
    provider.send([1, id, null, null]);
    expect((await client.find(answerTo(10))).error).toMatchObject({ code: "IPC_LEASE_INVALID" });
    await truncate(station.leases.before, 10);
    client.send([0, 11, "stamp", { offset: 0, sizeBytes: 100 }]);
    expect((await client.find(answerTo(11))).error).toMatchObject({ code: "IPC_LEASE_INVALID" });
    await station.control.find(notification("heartbeat"));
  });

  test("fails a call whose deadline has passed; its piece is given out again when the provider has gone, and not before", async () => {
    const { provider, connect, client } = await ends();
    client.send([0, 0, "pass", { round: 1, trail: "before" }]);
    client.send([0, 1, "stamp", { offset: 0, sizeBytes: 100 }]);
    expect((await stamped(provider, 0)).piece.offset).toBe(0);
    for (const call of [0, 1]) {
      expect((await client.find(answerTo(call))).error).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    }
    for (const [call, offset] of [
      [2, 4096],
      [3, 4096],
    ] as const) {
      client.send([0, call, "stamp", { offset: 0, sizeBytes: 100 }]);
      const { id, piece } = await stamped(provider, call - 1);
      expect(piece.offset).toBe(offset);
      provider.send([1, id, null, null]);
      await client.find(answerTo(call));
    }
    const again = await connect(2);
    client.send([0, 4, "stamp", { offset: 0, sizeBytes: 100 }]);
    expect((await stamped(again, 0)).piece.offset).toBe(0);
  });
}
