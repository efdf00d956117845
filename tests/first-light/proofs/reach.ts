/** 7: telemetry reaches the broker through its proxy port, and nothing else can be reached from the device. */
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { commandChannelPort } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { wire } from "../../../studio/src/run/paths.ts";
import { inWorld } from "../../../studio/src/run/world/client.ts";
import type { FirstLight } from "../first-light.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

const node = inWorld(process.execPath);
const script = inWorld(join(bulkheadDirectory, "tests/first-light/probe.mjs"));

export const reachProof: Proof = {
  title: "telemetry reaches the MQTT broker through a proxy port; nothing else is reachable",
  async prove(light) {
    const published = await eventually("telemetry at the broker", 20_000, async () => {
      const messages = (await light.client.telemetry()).topics.filter(({ deviceId }) => deviceId === light.deviceId);
      return messages.length > 0 ? messages.flatMap((topic) => topic.messages).length : undefined;
    });
    const neighbour = await light.neighbour();
    const { kms } = light.running.provisioning;
    const fromTelemetry = await insideOf(light, "telemetry");
    // Without this, a device that does not listen would pass as one that cannot be reached.
    const listens = await neighbour.probe(neighbour.address, neighbour.port);
    const allowed = await fromTelemetry(kms.address, kms.proxies["mqtt"] ?? 0);
    const hostPort = Number(new URL(light.client.url).port);
    const closed: [string, string, number][] = [
      ["the command channel, which is the agent's", kms.address, commandChannelPort],
      ["another port of the KMS", kms.address, 22],
      ["the web page on the host's loopback", "127.0.0.1", hostPort],
      ["the gateway outside the tunnel", wire.gateway, 1883],
      ["a second device, inside the tunnel", neighbour.address, neighbour.port],
      ["a second device, outside the tunnel", wire.device(2), neighbour.port],
      ...hostAddresses().map((address): [string, string, number] => ["the host", address, hostPort]),
    ];
    const facts = await Promise.all([
      ...closed.map(([what, host, port]) => refused("telemetry", what, fromTelemetry, host, port)),
      refused("the device itself", "the gateway outside the tunnel", inUplink(light), wire.gateway, 1883),
      refused(
        "the device itself",
        "a second device, outside the tunnel",
        inUplink(light),
        wire.device(2),
        neighbour.port,
      ),
    ]);
    return [
      fact(published > 0, `${published} messages at the broker`),
      fact(allowed === "CONNECTED", `telemetry to its proxy port [${kms.address}]:${kms.proxies["mqtt"]}: ${allowed}`),
      fact(listens === "CONNECTED", `(the second device does listen: it reaches itself, ${listens})`),
      ...facts,
    ];
  },
};

type Try = (host: string, port: number) => Promise<string>;

async function refused(from: string, what: string, attempt: Try, host: string, port: number): Promise<Fact> {
  const result = await attempt(host, port);
  return fact(
    result !== "CONNECTED" && result !== "",
    `${from} to ${what}, [${host}]:${port}: ${result || "no answer from the probe"}`,
  );
}

/** Connects from the network namespace of a component, without its cooperation. */
async function insideOf(light: FirstLight, component: string): Promise<Try> {
  const { namespacePids } = await light.processOf(component);
  return async (host, port) =>
    (await light.world.run(["nsenter", `--net=/proc/${namespacePids[1]}/ns/net`, node, script, host, `${port}`]))
      .stdout;
}

function inUplink(light: FirstLight): Try {
  return async (host, port) =>
    (await light.world.run([node, script, host, `${port}`], { namespace: "uplink-1" })).stdout;
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}
