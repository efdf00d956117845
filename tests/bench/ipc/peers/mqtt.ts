/** mosquitto with MQTT.js: a request is published on one topic and its answer on another, quality of service 0. */
import { type CallFigures, measureCalls, measureTransfers, slowPlan } from "../measure.ts";
import { loadPeer } from "./load.ts";

type Client = {
  subscribeAsync(topic: string): Promise<unknown>;
  publish(topic: string, message: Buffer): void;
  on(event: "message", listener: (topic: string, message: Buffer) => void): void;
};
export async function serve(address: string): Promise<void> {
  const client = await open(address);
  client.on("message", (topic, message) => {
    client.publish("answer", topic === "small" ? message : message.subarray(0, 4));
  });
  await client.subscribeAsync("small");
  await client.subscribeAsync("large");
}

export async function measure(address: string): Promise<CallFigures & { transfers: number }> {
  const client = await open(address);
  const waiting: (() => void)[] = [];
  client.on("message", () => waiting.shift()?.());
  await client.subscribeAsync("answer");
  // Quality 0 on one connection keeps the order, so answers need no number.
  const call = (topic: string, message: Buffer) =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      client.publish(topic, message);
    });
  const [small, large] = [Buffer.alloc(64, 1), Buffer.alloc(65_536, 1)];
  return {
    ...(await measureCalls(() => call("small", small), slowPlan)),
    transfers: await measureTransfers(() => call("large", large), slowPlan),
  };
}

async function open(address: string): Promise<Client> {
  const { MqttClient } = await loadPeer<{
    MqttClient: new (
      stream: () => unknown,
      options: object,
    ) => Client & { once(event: "connect", done: () => void): void };
  }>("mqtt");
  const { createConnection } = await import("node:net");
  // The broker listens on a Unix socket, as our channels do.
  const client = new MqttClient(() => createConnection(address), {
    reconnectPeriod: 0,
    protocolVersion: 4,
    clean: true,
    clientId: `bench-${process.pid}`,
  });
  await new Promise<void>((resolve) => client.once("connect", resolve));
  return client;
}
