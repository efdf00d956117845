/** gRPC in Node: unary calls of bytes over HTTP/2 on a Unix socket, without TLS. */
import { type CallFigures, measureCalls, measureTransfers, slowPlan } from "../measure.ts";
import { loadPeer } from "./load.ts";

type Callback = (error: Error | null, answer: Buffer) => void;
type Grpc = {
  Server: new () => {
    addService(definition: object, handlers: object): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null) => void): void;
  };
  ServerCredentials: { createInsecure(): unknown };
  credentials: { createInsecure(): unknown };
  makeGenericClientConstructor(
    definition: object,
    name: string,
  ): new (
    address: string,
    credentials: unknown,
  ) => Record<"small" | "large", (bytes: Buffer, done: Callback) => void>;
};

const bytes = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const method = (name: string) => ({ path: `/bench/${name}`, requestStream: false, responseStream: false, ...bytes });
const definition = { small: method("small"), large: method("large") };

function same(value: Buffer): Buffer {
  return value;
}

export async function serve(address: string): Promise<void> {
  const grpc = await loadPeer<Grpc>("@grpc/grpc-js");
  const server = new grpc.Server();
  server.addService(definition, {
    small: ({ request }: { request: Buffer }, done: Callback) => done(null, request),
    large: (_: unknown, done: Callback) => done(null, Buffer.alloc(1)),
  });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${address}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

export async function measure(address: string): Promise<CallFigures & { transfers: number }> {
  const grpc = await loadPeer<Grpc>("@grpc/grpc-js");
  const Client = grpc.makeGenericClientConstructor(definition, "bench");
  const client = new Client(`unix:${address}`, grpc.credentials.createInsecure());
  const call = (name: "small" | "large", message: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      client[name](message, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  const [small, large] = [Buffer.alloc(64, 1), Buffer.alloc(65_536, 1)];
  return {
    ...(await measureCalls(() => call("small", small), slowPlan)),
    transfers: await measureTransfers(() => call("large", large), slowPlan),
  };
}
