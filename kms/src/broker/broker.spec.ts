import { duplexPair } from "node:stream";
import { MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Broker, startBroker } from "./index.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const one = "d-1111111111111111";
const other = "d-2222222222222222";

describe("[M5] the embedded broker", () => {
  let broker: Broker;
  const clients: MqttClient[] = [];
  beforeEach(async () => {
    broker = await startBroker(() => undefined);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    await broker.close();
  });

  async function connect(deviceId: string, clientId = "a") {
    const stream = () => {
      const [theirs, ours] = duplexPair();
      broker.serve(ours, deviceId);
      return theirs;
    };
    const client = new MqttClient(stream as never, { clientId, reconnectPeriod: 0 });
    clients.push(client);
    client.on("error", () => undefined);
    const heard: string[] = [];
    client.on("message", (topic, payload) => heard.push(`${topic} ${payload}`));
    const connected = new Promise((resolve) => client.once("connect", resolve));
    client.connect();
    await connected;
    return { client, heard };
  }

  it.each(["#", "+/+", "greenhouse/climate"])(
    "brings a device its own messages and none of another device's, who ask for %s alike",
    async (filter) => {
      const reader = await connect(one, "reader");
      const stranger = await connect(other, "reader");
      for (const { client } of [reader, stranger]) await client.subscribeAsync(filter, { qos: 1 });
      const writer = await connect(one, "writer");
      await writer.client.publishAsync("greenhouse/climate", "of one", { qos: 1 });
      await stranger.client.publishAsync("greenhouse/climate", "of the other", { qos: 0 });
      await vi.waitFor(() => expect(reader.heard).toEqual(["greenhouse/climate of one"]), patience);
      // What had been on its way to a stranger would have come before its own.
      await vi.waitFor(() => expect(stranger.heard).toEqual(["greenhouse/climate of the other"]), patience);
      expect(reader.heard).toHaveLength(1);
    },
  );

  it.each(["$SYS/#", "$SYS/+/new/clients"])("tells no device what the broker says about others: %s", async (filter) => {
    const { client } = await connect(one);
    const grants = await client.subscribeAsync(filter).catch((error: Error) => error.message);
    expect(grants).toMatch(/Unspecified error|[Ss]ubscri/);
  });

  it("lets two clients of one device in that say no name", async () => {
    const first = await connect(one, "");
    await connect(one, "");
    expect(first.client.connected).toBe(true);
    await first.client.publishAsync("t", "x", { qos: 1 });
  });
});
