import type { Handlers, ServedClient, serialPortInterface } from "@bulkhead/sdk";
import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test, vi } from "vitest";
import type { SerialDriver } from "./driver.ts";
import { component, serialDriver } from "./server.ts";
import { simulatedSerial } from "./simulated.ts";

const start = () => startComponent(component, { uses: {}, config: { backend: "simulated" } });
const grant = { port: "ttyS4", speed: 1_000_000 };
const settings = { speed: 9600, dataBits: 8, parity: "none", stopBits: 1, flow: "none" } as const;

/** What the driver does for one client, without a channel between: who asks for what, and when, is the test's. */
async function serve(open: SerialDriver["open"] = simulatedSerial().open) {
  let accept: (client: ServedClient<typeof serialPortInterface>) => Handlers<typeof serialPortInterface>;
  let leave: () => void = () => undefined;
  const provides = { port: { serve: (how: typeof accept) => (accept = how) } };
  await serialDriver(() => ({ open })).start({ provides, config: {}, onStop() {} } as unknown as Parameters<
    ReturnType<typeof serialDriver>["start"]
  >[0]);
  const client = { grant, onGone: (callback: () => void) => (leave = callback) };
  // biome-ignore lint/style/noNonNullAssertion: `start` serves.
  const handlers = accept!(client as unknown as ServedClient<typeof serialPortInterface>);
  return { handlers, leave };
}

describe("[K11] the serial driver of board virtual", () => {
  test("gives back what is sent, in order, and as slowly as the line", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open({ speed: 100_000 });
    const input = client.input();
    const got: number[] = [];
    const beganMs = performance.now();
    for (let i = 0; i < 4; i += 1) await client.write({ data: new Uint8Array(250).fill(i) });
    while (got.length < 1000) got.push(...((await input.next()).value?.data ?? []));
    expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => Math.floor(i / 250)));
    // Ten bits a byte.
    expect(performance.now() - beganMs).toBeGreaterThan(95);
    await client.drain();
  });

  test("loses what nobody reads, and a reader that comes goes on from there", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open({ speed: 1_000_000 });
    for (let i = 0; i < 6; i += 1) await client.write({ data: new Uint8Array(1024) });
    const input = client.input();
    expect((await input.next()).value?.data).toHaveLength(4096);
    await input.return?.();
    await client.write({ data: Uint8Array.of(7) });
    expect((await client.input().next()).value?.data).toEqual(Uint8Array.of(7));
  });

  test("gives what comes to the reader that is there, not to one that left while it waited", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open({ speed: 1_000_000 });
    const gone = client.input();
    gone.next().catch(() => undefined);
    await gone.return?.();
    await client.write({ data: Uint8Array.of(7) });
    expect((await client.input().next()).value?.data).toEqual(Uint8Array.of(7));
  });

  test("opened again, gives what comes to who reads the port as it is now", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await client.open({ speed: 9600 });
    const gone = client.input();
    gone.next().catch(() => undefined);
    await gone.return?.();
    await client.open({ speed: 1_000_000 });
    await client.write({ data: Uint8Array.of(7) });
    expect((await client.input().next()).value?.data).toEqual(Uint8Array.of(7));
  });

  test("takes nothing for a reader of the port as it was, nor for one that left before it was asked", async () => {
    const { handlers } = await serve();
    const reader = (signal = new AbortController().signal) => handlers.input(null, { signal })[Symbol.asyncIterator]();
    await handlers.open(settings);
    await handlers.write({ data: Uint8Array.of(1) });
    // Its next item is asked for when the one before has left, and meanwhile the port is another.
    const slow = reader();
    expect((await slow.next()).value?.data).toEqual(Uint8Array.of(1));
    await handlers.open(settings);
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    void reader(AbortSignal.abort()).next();
    await handlers.write({ data: Uint8Array.of(2) });
    expect((await reader().next()).value?.data).toEqual(Uint8Array.of(2));
  });

  test("is not opened for a client that went while it waited", async () => {
    let opened = 0;
    let ready: () => void = () => undefined;
    const { handlers, leave } = await serve(async (name, how) => {
      opened++;
      await new Promise<void>((resolve) => (ready = resolve));
      return simulatedSerial().open(name, how);
    });
    const both = [handlers.open(settings), handlers.open(settings)];
    await vi.waitFor(() => expect(opened).toBe(1), { timeout: 20_000 });
    leave();
    ready();
    await Promise.all(both);
    expect(opened).toBe(1);
  });

  test("[K9] lets one have a port, at no more than the granted speed, in pieces of at most 1 KiB", async () => {
    const driver = await start();
    const { client } = driver.connect("port", { grant });
    await expect(client.open({ speed: 2_000_000 })).rejects.toMatchObject({ code: "IPC_NOT_GRANTED" });
    const big = client.write({ data: new Uint8Array(1025) });
    await expect(big).rejects.toMatchObject({ code: "IPC_ARGUMENTS_INVALID" });
    const ports = simulatedSerial();
    const first = await ports.open("ttyS4", settings);
    await expect(ports.open("ttyS4", settings)).rejects.toMatchObject({ code: "SERIAL_PORT_BUSY" });
    await first.close();
    expect(await first.read()).toBeUndefined();
    await expect(first.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    await ports.open("ttyS4", settings);
  });

  test("says before anything else that the port has not been opened", async () => {
    const { client } = (await start()).connect("port", { grant });
    await expect(client.write({ data: Uint8Array.of(1) })).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
    await expect(client.input().next()).rejects.toMatchObject({ code: "SERIAL_PORT_GONE" });
  });
});
