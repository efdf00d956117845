/** Somebody on the board brings a file: the agent fetches it from the socket that root has opened for it, and says how it goes. */
import { createConnection, type Socket } from "node:net";
import { BulkheadError, type ImportReport, reportError } from "@bulkhead/protocol";
import { takeHandOver } from "./hand-over.ts";
import { type TakeInPorts, takeIn } from "./take-in.ts";

/** The longest silence of who brings it: a stick that is worn still reads. */
const stallMs = 60_000;

const lastWordMs = 10_000;

export type VisitorPorts = Omit<TakeInPorts, "tell" | "meant"> & {
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  readonly log: (text: string, fields?: Record<string, unknown>) => void;
};

/** Takes in what comes from the socket at `path`, and says there what became of it. Never throws. */
export async function receiveVisitor(path: string, ports: VisitorPorts): Promise<void> {
  // When the file is over there is still something to say.
  const socket = createConnection({ path, signal: ports.signal, allowHalfOpen: true });
  // Whatever ends it, reading says so.
  socket.on("error", () => undefined);
  const tell = (report: ImportReport) => void (socket.writable && socket.write(`${JSON.stringify(report)}\n`));
  try {
    const { digest: meant, file } = await takeHandOver(bytesOf(socket));
    const verdict = await takeIn(file, { ...ports, tell, meant });
    const { accepted, message } = verdict;
    ports.log(accepted ? "a file was taken in" : "a file was refused", { code: verdict.code, message });
    tell(accepted ? { event: "endorsed", message } : refusalOf(verdict.code ?? "INTERNAL", message));
  } catch (error) {
    const { code, message, remedy } = reportError(error);
    ports.log("a file could not be taken in", { code, message });
    tell(refusalOf(code, message, remedy));
  } finally {
    socket.end();
    // Who brings it goes when it has heard; cut off now, it might not hear.
    socket.resume();
    socket.setTimeout(lastWordMs, () => socket.destroy());
  }
}

/** What comes; the socket outlives it. Throws EXPORT_INVALID where it is cut. */
async function* bytesOf(socket: Socket): AsyncGenerator<Buffer> {
  const chunks = (socket.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>)[Symbol.asyncIterator]();
  const stall = () => socket.destroy(new Error(`nothing came for ${stallMs} ms`));
  try {
    for (;;) {
      socket.setTimeout(stallMs, stall);
      const next = await chunks.next();
      // The verifier takes its time.
      socket.setTimeout(0, stall);
      if (next.done) return;
      yield next.value;
    }
  } catch (cause) {
    throw new BulkheadError("EXPORT_INVALID", `the file was cut: ${(cause as Error).message}`, {
      cause,
      remedy: "bring it again",
    });
  }
}

const refusalOf = (code: string, message: string, remedy = ""): ImportReport => ({
  event: "refused",
  code,
  message: message.slice(0, 2000),
  remedy: remedy.slice(0, 1000),
});
