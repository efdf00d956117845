/** A stream that a client writes: what its author holds, and how both ends bring it to its end. */
import { BulkheadError } from "@bulkhead/protocol";
import type { StreamWriter } from "../../component.ts";
import { createWriter, type Writer } from "./writer.ts";

export type WrittenStream = {
  writer: Writer;
  author: StreamWriter<unknown>;
  /** The provider has ended it: with null when it is done, else with why. */
  finish(error: BulkheadError | null): void;
};

export type WrittenOptions = {
  what: string;
  /** Checks and sends; returns the credit that it took. */
  sendItem(item: unknown): number;
  sendEnd(error: BulkheadError | null): void;
  isClogged(): boolean;
  isOpen(): boolean;
  /** Forgets it. */
  close(): void;
};

export function writeStream(options: WrittenOptions): WrittenStream {
  const writer = createWriter(
    { send: options.sendItem, end: () => options.sendEnd(null), isClogged: options.isClogged },
    0,
  );
  let settle: ((error: BulkheadError | null) => void) | undefined;
  const completed = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  // A failure that nobody asked for is told by the next write or `end`.
  completed.catch(() => {});

  function finish(error: BulkheadError | null): void {
    options.close();
    writer.close(
      error ?? new BulkheadError("IPC_STREAM_CANCELLED", `${options.what}: the provider wants no more items`),
    );
    settle?.(error);
  }

  return {
    writer,
    finish,
    author: {
      write: writer.write,
      async end() {
        await writer.end().catch(() => {});
        await completed;
      },
      fail(error) {
        if (!options.isOpen()) return;
        options.sendEnd(error);
        finish(error);
      },
    },
  };
}
