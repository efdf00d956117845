import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { startComponent } from "@bulkhead/sdk/testing";
import { Aedes } from "aedes";
import { describe, expect, onTestFinished, test } from "vitest";
import { component } from "./main.ts";

/** Machines that run eight things at once take their time. */
const eventually = <T>(probe: () => T | Promise<T>) => expect.poll(probe, { timeout: 20_000 });

/** A broker that can be taken away and brought back on its port. */
async function startBroker(port = 0) {
  const aedes = await Aedes.createBroker();
  const received: string[] = [];
  aedes.on("publish", ({ topic, payload }, client) => {
    if (client) received.push(`${topic} ${payload}`);
  });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  async function stop(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
  }
  return { port: (server.address() as { port: number }).port, received, stop };
}

describe("[M5] telemetry", () => {
  test("publishes what it is given, keeps it while the broker is away, and tells both", async () => {
    const first = await startBroker();
    const config = { network: { mqtt: { host: "127.0.0.1", port: first.port } } };
    const telemetry = await startComponent(component, { uses: {}, config });
    onTestFinished(() => telemetry.stop());
    const { client } = telemetry.connect("publish");
    await client.publish({ topic: "greenhouse/climate", fields: { fan: 1 } });
    await eventually(() => first.received).toEqual(['greenhouse/climate {"fan":1}']);

    await first.stop();
    await eventually(() => telemetry.lines.join()).toContain("telemetry lost the broker");
    await client.publish({ topic: "greenhouse/climate", fields: { fan: 0 } });
    const second = await startBroker(first.port);
    onTestFinished(second.stop);
    await eventually(() => second.received).toEqual(['greenhouse/climate {"fan":0}']);
    expect(telemetry.lines.filter((line) => line.includes("connected to the broker"))).toHaveLength(2);
  });

  test("says what is missing when it is not told where the broker is", async () => {
    const started = startComponent(component, { uses: {}, config: {} });
    await expect(started).rejects.toMatchObject({ code: "COMPONENT_START_FAILED" });
  });
});
