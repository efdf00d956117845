/**
 * The middle of one inspected channel: takes the client's connection in the provider's place, has one of its own to the
 * provider, and passes on what the judge lets through, written anew. When one end goes, the other is told by the end of
 * its connection; the two find each other again as they would without a middle.
 */
import type { Socket } from "node:net";
import { type BulkheadError, type Channel, type Frame, providesDirectory, usesDirectory } from "@bulkhead/protocol";
import type { Log } from "@bulkhead/sdk";
import { connectLink, type Link, type Listener, listenSocket, openLink } from "@bulkhead/sdk/channel";
import { createJudge, type InspectionCounters, type Judge, type Verdict } from "./judge.ts";

/** One end is not read while more than this waits for the other. */
const holdBytes = 256 * 1024;

export type Middle = Listener & { readonly counters: Readonly<InspectionCounters> };

export type MiddleOptions = {
  channel: Channel;
  log: Log;
  /** Where the sockets are. Default: the directories of a sandbox. */
  directories?: { uses: string; provides: string };
};

/** Both directories are named alike: `<client>.<name>` is no name that a component can give to a channel. */
export async function standInTheMiddle(options: MiddleOptions): Promise<Middle> {
  const { channel } = options;
  const { uses, provides } = options.directories ?? { uses: usesDirectory, provides: providesDirectory };
  const place = `${channel.client}.${channel.name}`;
  const counters = { passed: 0, notGranted: 0, rateLimited: 0, droppedNotifications: 0, broken: 0 };
  let current: Link | undefined;
  const listener = await listenSocket(`${provides}/${place}/socket`, (socket) => {
    current?.destroy();
    current = join(
      socket,
      `${uses}/${place}/socket`,
      createJudge(channel, counters, () => performance.now()),
      tell,
    );
  });

  // 1, 2, 4, 8 … are told: an end that breaks the rules a thousand times must not fill the log.
  function tell(error: BulkheadError): void {
    const count = ++counters.broken;
    if ((count & (count - 1)) !== 0) return;
    options.log.warn(`inspected channel ${place} closed: ${error.message}`, { code: error.code, broken: count });
  }

  return { counters, close: listener.close };
}

/** Joins a client's connection to one to the provider; returns the client's. */
function join(socket: Socket, providerPath: string, judge: Judge, onBroken: (error: BulkheadError) => void): Link {
  const front: Link = openLink(socket, {
    onFrame: (frame) => carry(judge.fromClient(frame), frame, back, front),
    onDrain: () => back.resume(),
    onClose(error) {
      if (error) onBroken(error);
      back.destroy();
    },
  });
  const back: Link = connectLink(providerPath, {
    onFrame: (frame) => carry(judge.fromProvider(frame), frame, front, back),
    onDrain: () => front.resume(),
    onClose(error) {
      if (error) onBroken(error);
      front.destroy();
    },
  });
  return front;
}

function carry(verdict: Verdict, frame: Frame, to: Link, from: Link): void {
  if (verdict === "drop") return;
  if (verdict !== "pass") {
    from.send(verdict.answer);
    if (from.queuedBytes() > holdBytes) from.pause();
    return;
  }
  to.send(frame);
  if (to.queuedBytes() > holdBytes) from.hold();
}
