/** Brings readings to the MQTT broker behind the proxy of the management service: the one way out of this system. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineComponent, type Log } from "@bulkhead/sdk";
import { connect, type MqttClient } from "mqtt";
import { z } from "zod";
import { telemetryInterface } from "../interfaces.ts";
import { createOutbox } from "./outbox.ts";

/** `network.mqtt` comes from the root server: where the proxy of this name is. */
const configSchema = z.object({
  network: z.object({
    mqtt: z.object({ host: z.union([z.ipv4(), z.ipv6()]), port: z.number().int().min(1).max(65535) }),
  }),
});

const maxWaiting = 1000;
const maxInFlight = 64;

export const component = defineComponent({
  provides: { publish: telemetryInterface },
  start({ provides, config, log, onStop }) {
    const parsed = configSchema.safeParse(config);
    if (!parsed.success) {
      throw new BulkheadError("COMPONENT_START_FAILED", "telemetry was not told where its broker is", {
        remedy: "write `network: [mqtt]` in the manifest and give the device a proxy of this name",
        cause: parsed.error,
      });
    }
    const client = connectBroker(parsed.data.network.mqtt);
    const outbox = createOutbox({
      capacity: maxWaiting,
      maxInFlight,
      canSend: () => client.connected,
      send: async ({ topic, payload }) => void (await client.publishAsync(topic, payload, { qos: 1 })),
    });
    client.on("connect", () => outbox.drain());
    tellConnection(client, log, () => outbox.lost);
    provides.publish.serve(() => ({
      publish({ topic, fields }) {
        outbox.put({ topic, payload: JSON.stringify(fields) });
        return null;
      },
    }));
    onStop(() => void client.end(true));
  },
});

function connectBroker({ host, port }: { host: string; port: number }): MqttClient {
  return connect({
    protocol: "mqtt",
    host,
    port,
    reconnectPeriod: 1_000,
    connectTimeout: 5_000,
    keepalive: 10,
    // What waits, waits in the outbox, where it is bounded.
    queueQoSZero: false,
  });
}

/** One line each time that the connection comes or goes, or cannot be made at first; the tries in between are silent. */
function tellConnection(client: MqttClient, log: Log, lost: () => number): void {
  let state: "new" | "connected" | "lost" = "new";
  client.on("connect", () => {
    state = "connected";
    log.info("telemetry connected to the broker", { lost: lost() });
  });
  client.on("close", () => {
    if (state === "connected") log.warn("telemetry lost the broker, readings wait");
    state = "lost";
  });
  client.on("error", (error) => {
    if (state === "new") log.warn("telemetry cannot reach the broker yet, readings wait", { error });
  });
}
