/** For tests: a KMS on loopback with real keys, a real websocket and real HTTP, which can be told to misbehave. */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  commandChannelPath,
  type FromDevice,
  type FromKms,
  fromDevice,
  generateSigningKey,
  generateX25519Key,
  type KeyPair,
  randomToken,
  signMessage,
  type Transcript,
  transcriptBytes,
  verifySignature,
} from "@bulkhead/protocol";
import { type WebSocket, WebSocketServer } from "ws";

export type FakeKms = {
  port: number;
  /** Everything that devices sent and that was valid. */
  received: FromDevice[];
  /** The socket of the newest connection; undefined before the first. */
  socket: () => WebSocket | undefined;
  connections: () => number;
  /** True once the newest connection was welcomed. */
  isOpen: () => boolean;
  send: (message: FromKms) => void;
  /** Replaces what is answered to `hello`; the usual is a correct challenge. */
  onHello: (answer: (socket: WebSocket, transcript: Transcript) => void) => void;
  serve: (listener: RequestListener) => void;
  /** What its welcome says that it takes; undefined: it is one from before there was anything to say. */
  take: (types: readonly string[] | undefined) => void;
  /** Whether it says that it has stored what it is asked to; the usual is yes. */
  acknowledge: (does: boolean) => void;
  challenge: (transcript: Transcript, key?: KeyPair) => string;
  close: () => Promise<void>;
};

export type Identities = { device: KeyPair; deviceTunnel: KeyPair; instance: KeyPair; kmsTunnel: KeyPair };
export const makeIdentities = (): Identities => ({
  device: generateSigningKey(),
  deviceTunnel: generateX25519Key(),
  instance: generateSigningKey(),
  kmsTunnel: generateX25519Key(),
});

/** Starts it on a port of the system's choice, or on `port` again. */
export async function startFakeKms(keys: Identities, port = 0): Promise<FakeKms> {
  let newest: WebSocket | undefined;
  let count = 0;
  let isOpen = false;
  let stores = true;
  let takes: readonly string[] | undefined = ["telemetry", "trace"];
  let listener: RequestListener = (_request, response) => response.writeHead(404).end();
  const received: FromDevice[] = [];
  const http = createServer((request, response) => listener(request, response));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 8 * 1024 * 1024 });

  const challenge = (transcript: Transcript, key = keys.instance) =>
    JSON.stringify({
      type: "challenge",
      protocol: 1,
      nonce: transcript.kmsNonce,
      signature: signMessage(key, transcriptBytes("kms", transcript)),
    });
  let answerHello = (socket: WebSocket, transcript: Transcript) => socket.send(challenge(transcript));

  function welcome(socket: WebSocket, transcript: Transcript | undefined, signature: string): void {
    const isProven =
      transcript && verifySignature(keys.device.publicKey, transcriptBytes("device", transcript), signature);
    if (!isProven) socket.close();
    else socket.send(JSON.stringify({ type: "welcome", timeMs: Date.now(), ...(takes && { takes }) }));
    isOpen = Boolean(isProven);
  }

  function accept(socket: WebSocket): void {
    newest = socket;
    count += 1;
    isOpen = false;
    let transcript: Transcript | undefined;
    socket.on("error", () => undefined);
    socket.on("message", (data) => {
      const message = fromDevice.parse(JSON.parse(String(data)));
      received.push(message);
      if (message.type === "hello") {
        const { deviceId, nonce } = message;
        const [deviceTunnelKey, kmsTunnelKey] = [keys.deviceTunnel.publicKey, keys.kmsTunnel.publicKey];
        transcript = { deviceId, deviceNonce: nonce, kmsNonce: randomToken(), deviceTunnelKey, kmsTunnelKey };
        answerHello(socket, transcript);
      } else if (message.type === "proof") welcome(socket, transcript, message.signature);
      else if ("batch" in message && message.batch !== undefined && stores) {
        socket.send(JSON.stringify({ type: "stored", batch: message.batch }));
      }
    });
  }

  http.on("upgrade", (request: IncomingMessage, stream, head) => {
    if (request.url === commandChannelPath) sockets.handleUpgrade(request, stream, head, accept);
    else stream.destroy();
  });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));

  return {
    port: (http.address() as AddressInfo).port,
    received,
    socket: () => newest,
    connections: () => count,
    isOpen: () => isOpen,
    send: (message) => newest?.send(JSON.stringify(message)),
    onHello(answer) {
      answerHello = answer;
    },
    serve(next) {
      listener = next;
    },
    take(types) {
      takes = types;
    },
    acknowledge(does) {
      stores = does;
    },
    challenge,
    async close() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
