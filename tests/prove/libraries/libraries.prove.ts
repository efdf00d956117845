/** The client libraries at length: many more histories of streams, and ends that send whatever they like, frames of streams above all. */
import { rm } from "node:fs/promises";
import { encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { until } from "../../../runtime/src/root-server/testing/bench.ts";
import { languages } from "../../polyglot/languages.ts";
import {
  answerTo,
  type Frames,
  hello,
  linkProvider,
  notification,
  request,
  type Station,
  startStation,
} from "../../polyglot/station.ts";
import { stationOf } from "../../polyglot/station-of.ts";
import { almostFrames, framed, streamOf, untilServed, upTo, windowBytes } from "../../polyglot/stream-frames.ts";
import { testStreams } from "../../polyglot/stream-tests.ts";

// Whole frames: what begins and does not end is waited for, which tests/polyglot/libraries.spec.ts has.
const pieces = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: almostFrames.map((frame) => framed(encode(frame))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map(framed) },
  ),
  { minLength: 1, maxLength: 6 },
);

/** Greets each connection that the station makes, and answers the call that comes by the newest. */
async function answerNewest({ provider }: Station, greeted: Set<Frames>, trail: string): Promise<void> {
  const passed = await until(() => {
    for (const connection of provider.connections) {
      if (greeted.has(connection)) continue;
      greeted.add(connection);
      connection.send(hello("after", 1));
    }
    const newest = provider.connections.at(-1);
    const call = newest?.heard.map(request).findLast((found) => JSON.stringify(found?.args ?? "").includes(trail));
    return newest && call && { newest, call };
  }, "the good client's call");
  passed.newest.send([1, passed.call.id, null, { trail: "fine" }]);
}

describe.each(languages)("[K10] the client library for $language, at length", ({ build, hold, skip }) => {
  const start = stationOf({ build, skip });
  const linked = async () => linkProvider(await start());

  testStreams(linked, 300);

  test.each(["a client", "a provider"])(
    "%s that sends whatever it likes loses its connection and nobody else",
    async (who) => {
      const { station: it, provider } = await linked();
      const greeted = new Set([provider]);
      let number = 0;
      await fc.assert(
        fc.asyncProperty(pieces, async (bytes) => {
          const trail = `t${++number}`;
          const bad = await it.connect();
          bad.send([3, 1, "down", { count: 1, sizeBytes: 0 }, windowBytes]);
          bad.send([3, 2, "up", null, 0]);
          const sender = who === "a client" ? bad : (it.provider.connections.at(-1) as Frames);
          for (const piece of bytes) sender.raw(piece);
          const good = await it.connect();
          for (let call = 0; call < 4; call++) {
            good.send([0, call, "pass", { round: 1, trail }]);
            await Promise.race([answerNewest(it, greeted, trail), good.find(answerTo(call))]);
            const { error } = await good.find(answerTo(call));
            if (error === null) break;
            // The connection that is being given up may have taken it along.
            expect([error, call]).not.toEqual([error, 3]);
          }
          good.close();
          bad.close();
        }),
        { numRuns: 300 },
      );
      await it.control.find(notification("heartbeat"));
    },
  );

  test("counts no stream for ever whose client has gone, whatever its handler waits for", async () => {
    const { command, directory } = await build(hold);
    const holding = await startStation(command);
    for (let round = 0; round < 66; round++) {
      const client = await holding.connect();
      for (const id of upTo(17)) client.send([3, id, "down", { count: 1, sizeBytes: 0 }, 0]);
      await until(() => streamOf(client, 16).end(), "the refusal of the 17th");
      client.close();
    }
    await untilServed(await holding.connect(), 1);
    await holding.close();
    await rm(directory, { recursive: true, force: true });
  });
});
