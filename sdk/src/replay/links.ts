/** The connections of a replayed component: what it sends goes to the score, and what comes is given by the record. */
import type { BulkheadError } from "@bulkhead/protocol";
import type { Link, LinkOptions } from "../channel/link.ts";
import { encodeFrame, headerBytes } from "../codec.ts";
import type { Score } from "./score.ts";

export type Links = {
  open(options: LinkOptions): Link;
  frame(id: number, body: unknown, sizeBytes: number): void;
  drain(id: number): void;
  close(id: number, error: BulkheadError | undefined): void;
};

export function createLinks(score: Score): Links {
  const links: { options: LinkOptions; isGone: boolean }[] = [];
  return {
    open(options) {
      const id = links.length;
      const mine = { options, isGone: false };
      links.push(mine);
      return {
        send(message) {
          if (mine.isGone) return 0;
          const sizeBytes = encodeFrame(message).length - headerBytes;
          score.take(["send", id, message]);
          return sizeBytes;
        },
        queuedBytes: () => score.read("queued") as number,
        unsentBytes: () => score.read("queued") as number,
        // When a frame comes is the record's to say.
        pause() {},
        hold() {},
        resume() {},
        end() {},
        destroy() {
          mine.isGone = true;
        },
      };
    },
    frame(id, body, sizeBytes) {
      const link = links[id];
      if (!link || link.isGone) return;
      try {
        link.options.onFrame(body as never, sizeBytes);
      } catch {
        // It breaks the connection; that it ended then is in the record.
        link.isGone = true;
      }
    },
    drain: (id) => links[id]?.options.onDrain?.(),
    close(id, error) {
      const link = links[id];
      if (!link) return;
      link.isGone = true;
      link.options.onClose(error);
    },
  };
}
