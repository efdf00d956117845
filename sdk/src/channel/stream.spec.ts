import { afterEach, describe, expect, test } from "vitest";
import { encodeFrame } from "../codec.ts";
import { connectPair } from "../testing/connect-pair.ts";
import {
  bystander,
  closeAll,
  handlers,
  hello,
  open,
  pair,
  programs,
  rawConnection,
  rawPair,
  valve,
} from "../testing/valve.ts";
import { setTraceSink } from "./trace-sink.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });
const code = (expected: string) => expect.objectContaining({ code: expected });

afterEach(closeAll);

describe("[K3] a stream", () => {
  test("brings its items in order over a real connection, both ways, and both ends know when it is complete", async () => {
    const { client } = await pair();
    const seen: number[] = [];
    for await (const { percent } of client.positions({ count: 20_000 })) seen.push(percent);
    expect(seen).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
    const writer = client.program();
    programs.length = 0;
    for (let i = 0; i < 20_000; i++) await writer.write(1);
    await writer.end();
    expect(programs).toEqual([20_000]);
  });

  test("fails with the provider's code after its items, with that of a misfit, and lets calls through meanwhile", async () => {
    const { client } = await pair();
    const read = async (count: number) => {
      let items = 0;
      for await (const _ of client.positions({ count })) items++;
      return items;
    };
    await expect(read(13)).rejects.toEqual(code("DEVICE_FAILED"));
    const unread = client.positions({ count: 1_000_000 });
    expect(await client.read()).toEqual({ percent: 40 });
    await unread.return?.();
    const writer = client.program();
    await expect(writer.write(101)).rejects.toEqual(code("IPC_ARGUMENTS_INVALID"));
    await writer.end();
  });

  test("goes on where a large message filled the connection, and the kernel took it at once, both ways", async () => {
    // More than may wait while an item leaves, and less than a socket holds: Node tells of no drain then.
    const large = 140_000;
    let begun = 0;
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { client } = await pair({
      ...handlers,
      async echo(size) {
        begun++;
        await gate;
        return typeof size === "number" ? new Uint8Array(size) : null;
      },
      async *positions({ count }) {
        begun++;
        await gate;
        for (let i = 0; i < count; i++) yield { percent: i };
      },
    });
    const seen = (async () => {
      let items = 0;
      for await (const _ of client.positions({ count: 5 })) items++;
      return items;
    })();
    const answers = [client.echo(1), client.echo(large)];
    await eventually(() => begun).toBe(3);
    go();
    expect(await seen).toBe(5);
    await Promise.all(answers);

    const writer = client.program();
    programs.length = 0;
    await writer.write(1);
    const calls = [client.echo(null), client.echo(new Uint8Array(large))];
    await writer.write(1);
    await writer.end();
    expect(programs).toEqual([2]);
    await Promise.all(calls);
  });

  test("ends with PEER_GONE where the provider restarts, and can be opened again", async () => {
    const { client, restart } = await pair();
    const reader = client.positions({ count: 1_000_000 });
    const writer = client.program();
    await writer.write(1);
    expect((await reader.next()).value).toEqual({ percent: 0 });
    await restart();
    const rest = async () => {
      for await (const _ of reader);
    };
    await expect(rest()).rejects.toMatchObject({ code: "PEER_GONE", data: { lostIncarnation: 1 } });
    await expect(writer.end()).rejects.toEqual(code("PEER_GONE"));
    await eventually(() => client.channel.up).toBe(true);
    expect((await client.positions({ count: 1 }).next()).value).toEqual({ percent: 0 });
  });

  test("of a client that grants much and reads nothing stops at the provider's bound, and disturbs no other", async () => {
    const other = await bystander();
    let made = 0;
    const { path } = await rawPair({
      ...handlers,
      async *positions() {
        for (;;) yield { percent: made++, trail: new Uint8Array(10_000) };
      },
    });
    const raw = await rawConnection(path);
    raw.socket.pause();
    raw.socket.write(Buffer.concat([hello(), encodeFrame([3, 1, "positions", { count: 1 }, 0xffffffff])]));
    for (let i = 0; i < 300; i++) await other.read();
    await eventually(() => made).toBeGreaterThan(5);
    // The socket's own buffer and 128 KiB; without the bound it would be gigabytes.
    expect(made).toBeLessThan(100);
    raw.socket.destroy();
  });
});

describe("[K3] the manifest's list of operations", () => {
  test("is enforced by the provider's stub, for calls and streams alike", async () => {
    const made = await connectPair(valve, handlers, { grant: { mayWrite: true }, operations: ["read", "program"] });
    open.push(made);
    const { client } = made;
    expect(await client.read()).toEqual({ percent: 40 });
    await expect(client.write({ percent: 1 })).rejects.toEqual(code("IPC_NOT_GRANTED"));
    await expect(client.positions({ count: 1 }).next()).rejects.toEqual(code("IPC_NOT_GRANTED"));
    await client.program().end();
  });
});

describe("[K3] the trace sink", () => {
  test("hears the begin and the end of each call at both ends, with the code that it failed with", async () => {
    const heard: unknown[][] = [];
    const { client } = await pair();
    await client.read();
    setTraceSink({
      callBegan: (...event) => void heard.push(["began", ...event]),
      callEnded: (...event) => void heard.push(["ended", ...event]),
    });
    await client.fail("coded").catch(() => {});
    setTraceSink(undefined);
    await client.read();
    expect(heard).toEqual([
      ["began", "client", "peer", "fail", 1],
      ["began", "provider", "client.peer", "fail", 1],
      ["ended", "provider", "client.peer", "fail", 1, "STATE_DAMAGED"],
      ["ended", "client", "peer", "fail", 1, "STATE_DAMAGED"],
    ]);
  });
});
