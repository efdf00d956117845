/** The embedded MQTT broker behind the proxy `mqtt`: what a developer wants at once. A site brings its own. */
import { randomUUID } from "node:crypto";
import { type Duplex, duplexPair, pipeline } from "node:stream";
import { Aedes, type AedesPublishPacket, type Client } from "aedes";
import type { TelemetryMessage } from "../api/index.ts";
import { createPacketGuard } from "./packet-guard.ts";
import { createTelemetry, type Telemetry } from "./telemetry.ts";

/** By the client id that `preConnect` gave; the broker's own messages have none. */
function isFrom(packet: AedesPublishPacket & { clientId?: string }, deviceId: string | undefined): boolean {
  return deviceId !== undefined && (packet.clientId?.startsWith(`${deviceId}/`) ?? false);
}

export type Broker = {
  /** Serves MQTT to one client of the device. */
  serve(connection: Duplex, deviceId: string): void;
  telemetry: Telemetry;
  close(): Promise<void>;
};

const maxTopicLength = 256;

/** `onMessage` hears every message that a device publishes. */
export async function startBroker(onMessage: (message: TelemetryMessage) => void): Promise<Broker> {
  const telemetry = createTelemetry();
  const deviceOf = new WeakMap<object, string>();
  const broker = await Aedes.createBroker({
    maxClientsIdLength: 128,
    connectTimeout: 10_000,
    preConnect(client, packet, done) {
      // A client id belongs to its device: another device's client of the same id must not throw it out. One that says
      // none gets one of its own (MQTT 3.1.1, section 3.1.3.1).
      packet.clientId = `${deviceOf.get(client.conn) ?? ""}/${packet.clientId || randomUUID()}`.slice(0, 128);
      // Sessions that outlive their connection, and wills, would have to be bounded and stored.
      packet.clean = true;
      delete packet.will;
      done(null, true);
    },
    authorizePublish(_client, packet, done) {
      const refused = packet.topic.startsWith("$") || packet.topic.length > maxTopicLength;
      // Retained messages live as long as the broker, and a device could make any number of them.
      packet.retain = false;
      done(refused ? new Error("this topic is not for devices") : null);
    },
    // What the broker says about itself names the clients of others. An answer of null is the code 128 of SUBACK.
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic.startsWith("$") ? null : subscription),
    // Devices share the names of topics, not what is published there: a message goes to its own device's clients only.
    authorizeForward: (client, packet) => (isFrom(packet, deviceOf.get(client.conn)) ? packet : null),
  });
  broker.on("publish", (packet, client: Client | null) => {
    const deviceId = client && deviceOf.get(client.conn);
    if (!deviceId || packet.topic.startsWith("$")) return;
    onMessage(telemetry.record(deviceId, packet.topic, Buffer.from(packet.payload), Date.now()));
  });
  for (const name of ["clientError", "connectionError"] as const) broker.on(name, (client: Client) => client.close());
  return {
    telemetry,
    serve(connection, deviceId) {
      const [ours, brokers] = duplexPair();
      deviceOf.set(brokers, deviceId);
      broker.handle(brokers);
      // Each end goes with the other, whichever fails; what a client did wrong concerns nobody else.
      const ignore = () => undefined;
      pipeline(connection, createPacketGuard(), ours, ignore);
      pipeline(ours, connection, ignore);
    },
    close: () => new Promise((resolve) => broker.close(() => resolve())),
  };
}
