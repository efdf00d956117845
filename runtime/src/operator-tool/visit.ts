/** A connection to the root server's desk. */
import { createConnection } from "node:net";
import {
  BulkheadError,
  type ErrorCode,
  errorTable,
  type OperatorAnswer,
  type OperatorRequest,
  operatorAnswerSchema,
} from "@bulkhead/protocol";
import { createFrameReader, encodeFrame } from "@bulkhead/sdk";

export type DeskVisit = {
  /** The answer to the first request. Throws what the root server refuses it with. */
  ask(request: OperatorRequest): Promise<OperatorAnswer>;
  tell(request: OperatorRequest): void;
  /** What it is about has gone, or the root server has. */
  readonly ended: Promise<void>;
  close(): void;
};

/** `onTold`: for all that is said, the answer as well. Throws DEVICE_NOT_RUNNING. */
export async function visitDesk(
  path: string,
  onTold: (answer: OperatorAnswer) => void = () => undefined,
): Promise<DeskVisit> {
  const socket = createConnection(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (cause) =>
      reject(
        new BulkheadError("DEVICE_NOT_RUNNING", "the root server hears nobody now", { cause, remedy: "try again" }),
      ),
    );
  });
  let settle: (answer: OperatorAnswer) => void = () => undefined;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const reader = createFrameReader((message) => {
    const answer = operatorAnswerSchema.parse(message);
    if (answer.kind === "ended") end();
    else settle(answer);
    onTold(answer);
  });
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("error", () => undefined);
  socket.once("close", () => end());
  const tell = (request: OperatorRequest) => void (socket.writable && socket.write(encodeFrame(request)));
  return {
    tell,
    ended,
    close: () => void socket.destroy(),
    async ask(request) {
      const answered = new Promise<OperatorAnswer>((resolve) => {
        settle = resolve;
      });
      tell(request);
      const lost = ended.then((): OperatorAnswer => ({ kind: "ended" }));
      const answer = await Promise.race([answered, lost]);
      if (answer.kind === "refused") throw refusal(answer);
      return answer;
    },
  };
}

function refusal({ code, message, remedy }: Extract<OperatorAnswer, { kind: "refused" }>): BulkheadError {
  const known = Object.hasOwn(errorTable, code) ? (code as ErrorCode) : "INTERNAL";
  return new BulkheadError(known, message, remedy === "" ? {} : { remedy });
}
