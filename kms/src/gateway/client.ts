/** The KMS's side of the control socket. */
import { request } from "node:http";
import { BulkheadError, isErrorCode, parseJson } from "@bulkhead/protocol";
import type { z } from "zod";
import {
  failureSchema,
  type GatewayStatus,
  gatewayStatusSchema,
  type Peer,
  type PeersSet,
  peerResetSchema,
  peersSetSchema,
} from "./messages.ts";

export type GatewayClient = {
  /** From now on exactly these devices may use the tunnel. Safe to repeat; nothing changes where one is refused. */
  setPeers(peers: readonly Peer[]): Promise<PeersSet>;
  /** Lets a device in whose clock went back. Throws NOT_FOUND where the gateway does not know the key. */
  resetPeer(publicKey: string): Promise<void>;
  status(): Promise<GatewayStatus>;
};

const answerMs = 30_000;
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * A client for the gateway behind `controlSocket`. Its calls throw GATEWAY_UNAVAILABLE where nobody answers (try again:
 * the gateway may be restarting) and otherwise the gateway's own code: REQUEST_INVALID, NETWORK_SETUP_FAILED, ….
 */
export function gatewayClient(controlSocket: string): GatewayClient {
  const call = <S extends z.ZodType>(method: string, path: string, schema: S, body?: unknown) =>
    send(controlSocket, { method, path }, body).then((answer) => parseAnswer(answer, schema));
  return {
    setPeers: (peers) => call("PUT", "/peers", peersSetSchema, { peers }),
    resetPeer: async (publicKey) => void (await call("POST", "/reset-peer", peerResetSchema, { publicKey })),
    status: () => call("GET", "/status", gatewayStatusSchema),
  };
}

type Answer = { status: number; text: string };

function send(socketPath: string, target: { method: string; path: string }, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(unavailable(socketPath, cause));
    const outgoing = request(
      { ...target, socketPath, signal: AbortSignal.timeout(answerMs), agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("error", fail);
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > maxAnswerBytes) response.destroy(new Error("the answer is too large"));
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    outgoing.on("error", fail);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parseAnswer<S extends z.ZodType>({ status, text }: Answer, schema: S): z.output<S> {
  const parsed = (status === 200 ? schema : failureSchema).safeParse(parseJson(text));
  if (!parsed.success) throw new BulkheadError("INTERNAL", `the gateway answered ${status} with something unknown`);
  if (status === 200) return parsed.data as z.output<S>;
  const { code, message } = failureSchema.parse(parsed.data);
  throw new BulkheadError(isErrorCode(code) ? code : "INTERNAL", message);
}

function unavailable(socketPath: string, cause: Error): BulkheadError {
  return new BulkheadError("GATEWAY_UNAVAILABLE", `no gateway answers at ${socketPath}`, {
    remedy: "It is started by the launcher; its log says why it is not there.",
    cause,
  });
}
