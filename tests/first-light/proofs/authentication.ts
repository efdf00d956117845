/** 5: tunnel and websocket authenticate with different keys, and a wrong one is refused at either. */
import {
  commandChannelPath,
  commandChannelPort,
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
} from "@bulkhead/protocol";
import { z } from "zod";
import { eventually } from "../../../studio/src/run/eventually.ts";
import type { FirstLight } from "../first-light.ts";
import type { Neighbour } from "../neighbour.ts";
import { type Fact, fact, type Proof } from "../proof.ts";

const verdictSchema = z.object({
  verdict: z.string(),
  code: z.union([z.string(), z.number()]).optional(),
  message: z.string().optional(),
});

export const authenticationProof: Proof = {
  title: "the device is enrolled; tunnel keys and device key authenticate; wrong ones are refused at both",
  async prove(light) {
    const device = await light.client.device(light.deviceId);
    const neighbour = await light.neighbour();
    await eventually("the neighbour's handshake", 15_000, async () => (await neighbour.hasHandshake()) || undefined);
    return [
      fact(
        device.connected && device.tunnel?.latestHandshakeMs != null,
        `${device.id} is enrolled at ${device.address}: handshake and authenticated websocket`,
      ),
      ...(await websocket(light, neighbour)),
      ...(await tunnel(neighbour)),
    ];
  },
};

async function websocket(light: FirstLight, neighbour: Neighbour): Promise<Fact[]> {
  const right = await connect(neighbour, neighbour.deviceKey);
  const wrong = await connect(neighbour, generateSigningKey());
  // Written to the database after the answer.
  const kept = await eventually("the KMS to keep the refusal", 5_000, async () => {
    const events = await light.client.events(neighbour.provisioning.deviceId);
    return events.some(({ code }) => code === "DEVICE_AUTHENTICATION_FAILED") || undefined;
  }).catch(() => false);
  return [
    fact(right.verdict === "welcome", `a second device with its own device key: ${right.verdict}`),
    fact(
      wrong.verdict === "refused" && wrong.code === "DEVICE_AUTHENTICATION_FAILED",
      `the same with a wrong device key: ${wrong.verdict} ${wrong.code ?? ""} ${wrong.message ?? ""}`,
    ),
    fact(kept, "the KMS keeps the refusal where an operator can read it"),
  ];
}

async function tunnel(neighbour: Neighbour): Promise<Fact[]> {
  const { kms } = neighbour.provisioning;
  const before = await neighbour.probe(kms.address, commandChannelPort);
  await neighbour.useTunnelKey(generateX25519Key());
  const wrong = await neighbour.probe(kms.address, commandChannelPort);
  const shaken = await neighbour.hasHandshake();
  await neighbour.useTunnelKey(neighbour.tunnelKey);
  const after = await eventually("the neighbour's tunnel to come back", 20_000, async () =>
    (await neighbour.probe(kms.address, commandChannelPort)) === "CONNECTED" ? "CONNECTED" : undefined,
  );
  return [
    fact(
      before === "CONNECTED" && after === "CONNECTED",
      `with its tunnel key it reaches the command channel: ${before}`,
    ),
    fact(
      wrong === "TIMEOUT" && !shaken,
      `with a wrong tunnel key: ${wrong}, ${shaken ? "a handshake" : "no handshake"}`,
    ),
  ];
}

async function connect(neighbour: Neighbour, deviceKey: KeyPair): Promise<z.infer<typeof verdictSchema>> {
  const { provisioning, tunnelKey } = neighbour;
  const input = {
    url: `ws://[${provisioning.kms.address}]:${commandChannelPort}${commandChannelPath}`,
    deviceId: provisioning.deviceId,
    deviceKey,
    deviceTunnelKey: tunnelKey.publicKey,
    kmsTunnelKey: provisioning.kms.tunnelKey,
  };
  return verdictSchema.parse(JSON.parse(await neighbour.runScript("connect-as-device.ts", JSON.stringify(input))));
}
