/** What becomes of a client's socket, over a back-end that counts them. */
import { startComponent } from "@bulkhead/sdk/testing";
import { describe, expect, test } from "vitest";
import type { CanListener } from "./driver.ts";
import { canDriver } from "./server.ts";

async function start() {
  const opened: CanListener[] = [];
  let closed = 0;
  const driver = await startComponent(
    canDriver(() => ({
      open(_device, _receive, listener) {
        opened.push(listener);
        return { send() {}, close: () => void closed++ };
      },
    })),
    { uses: {} },
  );
  const connect = (component = "brakes") =>
    driver.connect("bus", { grant: { device: "can-0", send: [1], receive: [2] }, component });
  const frame = { id: 1, data: new Uint8Array() };
  return { driver, connect, opened, frame, closed: () => closed };
}

describe("[K11] a socket of the can driver", () => {
  test("is its channel's, however often the client connects anew, and another channel has its own", async () => {
    const { connect, opened, closed, frame } = await start();
    for (let time = 0; time < 20; time += 1) {
      const { client, leave } = connect();
      await client.send(frame);
      leave();
    }
    // To make one and to end it stops the whole driver for a while: whoever came and went would stop it for everybody.
    expect([opened.length, closed()]).toEqual([1, 0]);
    await connect("lights").client.send(frame);
    expect(opened).toHaveLength(2);
  });

  test("tells who comes anew how the bus is, and nothing that was heard before", async () => {
    const { connect, opened, frame } = await start();
    const first = connect();
    await first.client.send(frame);
    opened[0]?.onState("off");
    first.leave();
    const { client } = connect();
    const told: string[] = [];
    client.channel.on("state", ({ state }) => told.push(state));
    expect(await client.state()).toEqual({ state: "off" });
    opened[0]?.onFrame({ id: 2, data: Uint8Array.of(1), timeUs: 1 });
    const next = client.frames().next();
    opened[0]?.onState("active");
    // The stream is open when it has answered once.
    await expect.poll(() => told).toEqual(["active"]);
    opened[0]?.onFrame({ id: 2, data: Uint8Array.of(2), timeUs: 2 });
    expect((await next).value).toMatchObject({ data: Uint8Array.of(2), lost: 0 });
  });

  test("is opened anew after the interface was taken away", async () => {
    const { connect, opened, frame } = await start();
    const { client } = connect();
    await client.send(frame);
    const reading = client.frames().next();
    await client.state();
    opened[0]?.onGone();
    await expect(reading).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    await client.send(frame);
    expect(opened).toHaveLength(2);
  });

  test("is closed when the driver stops, and not opened again", async () => {
    const { driver, connect, opened, closed, frame } = await start();
    const { client } = connect();
    await client.send(frame);
    await driver.stop();
    await expect(client.send(frame)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    await expect(connect().client.send(frame)).rejects.toMatchObject({ code: "DEVICE_ABSENT" });
    expect([opened.length, closed()]).toEqual([1, 1]);
  });
});
