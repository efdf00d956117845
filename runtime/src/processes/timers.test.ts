import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createTimers } from "./timers.ts";

test("[K2] a heartbeat that came while the root server was off the processor counts, although its time is over", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const component = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
  const [heard] = (await once(server, "connection")) as [Socket];
  const timers = createTimers();
  const happened: string[] = [];
  const over = new Promise<void>((resolve) => {
    heard.on("data", () => {
      happened.push("heartbeat");
      timers.disarm("component");
      timers.arm("end", 50, resolve);
    });
    // Behind it Node looks at the time first.
    setImmediate(() => {
      timers.arm("component", 20, () => happened.push("killed"));
      component.write("heartbeat");
      for (const endMs = performance.now() + 100; performance.now() < endMs; );
    });
  });
  await over;
  component.destroy();
  server.close();
  expect(happened).toEqual(["heartbeat"]);
});

test("[K2] who says nothing has no more time than it has, and what was armed anew or disarmed does not happen", async () => {
  const timers = createTimers();
  const happened: string[] = [];
  timers.arm("one", 1, () => happened.push("never"));
  timers.arm("other", 1, () => happened.push("never"));
  timers.disarm("other");
  await new Promise<void>((resolve) => {
    timers.arm("one", 5, () => {
      happened.push("over");
      resolve();
    });
  });
  expect(happened).toEqual(["over"]);
});
