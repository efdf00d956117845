/**
 * Speaks the command channel as a device, with whatever key it is given. Reads `{url, deviceId, deviceKey, deviceTunnelKey,
 * kmsTunnelKey}` on standard input and prints the KMS's verdict as JSON: `welcome`, or why it was refused.
 */
import { text } from "node:stream/consumers";
import {
  commandChannelProtocol,
  fromKms,
  key32Schema,
  randomToken,
  signMessage,
  transcriptBytes,
} from "@bulkhead/protocol";
import WebSocket from "ws";
import { z } from "zod";

const inputSchema = z.object({
  url: z.string(),
  deviceId: z.string(),
  deviceKey: z.object({ publicKey: key32Schema, privateKey: key32Schema }),
  deviceTunnelKey: key32Schema,
  kmsTunnelKey: key32Schema,
});

const input = inputSchema.parse(JSON.parse(await text(process.stdin)));
const deviceNonce = randomToken(32);
const socket = new WebSocket(input.url, { handshakeTimeout: 5000 });
const end = (verdict: Record<string, unknown>) => {
  process.stdout.write(JSON.stringify(verdict));
  process.exit(0);
};
setTimeout(() => end({ verdict: "timeout" }), 8000);
socket.on("error", (error) => end({ verdict: "error", message: error.message }));
socket.on("close", (code, reason) => end({ verdict: "closed", code, message: String(reason) }));
socket.on("open", () =>
  socket.send(
    JSON.stringify({ type: "hello", protocol: commandChannelProtocol, deviceId: input.deviceId, nonce: deviceNonce }),
  ),
);
socket.on("message", (data) => {
  const message = fromKms.parse(JSON.parse(String(data)));
  if (message.type === "welcome") end({ verdict: "welcome" });
  if (message.type === "refused") end({ verdict: "refused", code: message.code, message: message.message });
  if (message.type !== "challenge") return;
  const { deviceId, deviceKey, deviceTunnelKey, kmsTunnelKey } = input;
  const transcript = transcriptBytes("device", {
    deviceId,
    deviceNonce,
    kmsNonce: message.nonce,
    deviceTunnelKey,
    kmsTunnelKey,
  });
  socket.send(JSON.stringify({ type: "proof", signature: signMessage(deviceKey, transcript) }));
});
