/** Asks servers of every kind on the loopback: all at the same port, so each has an address of its own. */
import { maxTimeServers } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { timeAnswerSchema } from "../messages.ts";
import { measure } from "./measure.ts";
import { type Behaviour, startTimeServer } from "./testing/time-server.ts";

async function ask(...behaviours: Behaviour[]) {
  // What comes comes at once, if this machine lets it; what does not is waited for in vain four times.
  const waitMs = behaviours.some(({ silent, aside }) => silent || aside) ? 400 : 5_000;
  const servers: Awaited<ReturnType<typeof startTimeServer>>[] = [];
  const timeServers: string[] = [];
  for (const behaviour of behaviours) {
    const address = `127.0.7.${timeServers.length + 1}`;
    servers.push(await startTimeServer(address, servers[0]?.port ?? 0, behaviour));
    timeServers.push(address);
  }
  const manner = { samples: 4, waitMs, spacingMs: 1, port: servers[0]?.port ?? 0 };
  try {
    return {
      answer: timeAnswerSchema.parse(await measure({ timeServers }, manner)),
      asked: servers.map((s) => s.asked),
    };
  } finally {
    for (const { close } of servers) close();
  }
}

/** How far a time is from that of this machine, `offsetMs` apart. It may have been taken from the processor between the two looks. */
function offBy(time: { timeMs: number; monotonicUs: number } | null, offsetMs = 0): number {
  if (!time) return Number.NaN;
  const beforeMs = Date.now();
  const toldMs = time.timeMs + (Number(process.hrtime.bigint() / 1000n) - time.monotonicUs) / 1000 - offsetMs;
  return Math.max(beforeMs - toldMs, toldMs - (Date.now() + 1), 0);
}

test("[K5] a server is asked four times, from a port and with a number that are others each time, and its time is right within its error", async () => {
  const { answer, asked } = await ask({ offsetMs: 90_000 });
  if (!answer.time) throw new Error(`${answer.failure}`);
  expect(offBy(answer.time, 90_000)).toBeLessThanOrEqual(answer.time.errorMs);
  expect(asked[0]?.length).toBe(4);
  expect(new Set(asked[0]?.map(({ request }) => request.toString("hex", 40))).size).toBe(4);
  expect(new Set(asked[0]?.map(({ from }) => from)).size).toBeGreaterThan(1);
});

test("[K5] a packet that answers another question is passed over, and the answer behind it taken", async () => {
  const { answer } = await ask({ forged: true });
  expect(offBy(answer.time)).toBeLessThan(1000);
});

test("[K5] what comes from elsewhere is not heard, and who sends without end is not heard for long", async () => {
  const { answer } = await ask({ aside: true });
  expect(answer).toMatchObject({ time: null, failure: expect.stringContaining("did not come") });
  const flooding = await startTimeServer("127.0.7.1", 0, { flood: 100 });
  const manner = { samples: 1, waitMs: 60_000, spacingMs: 1, port: flooding.port };
  try {
    const { failure } = await measure({ timeServers: ["127.0.7.1"] }, manner);
    expect(failure).toContain("answers another question");
  } finally {
    flooding.close();
  }
});

test("[K5] of three the one that lies is outvoted; of two that disagree neither counts", async () => {
  const { answer } = await ask({}, { offsetMs: 3_600_000 }, {});
  expect(offBy(answer.time)).toBeLessThan(1000);
  expect((await ask({}, { offsetMs: 3_600_000 })).answer).toMatchObject({ time: null, failure: "two clocks disagree" });
});

test("[K5] a time server to which no way leads, or none of its kind, costs nothing of what the others say", async () => {
  const server = await startTimeServer("127.0.7.1", 0, {});
  const manner = { samples: 1, waitMs: 5_000, spacingMs: 1, port: server.port };
  try {
    // The kernel refuses to send there: to all on the link, and out of an interface that is not.
    const nowhere = ["255.255.255.255", "ff02::1"];
    const answer = timeAnswerSchema.parse(await measure({ timeServers: [...nowhere, "127.0.7.1"] }, manner));
    expect(offBy(answer.time)).toBeLessThan(1000);
    const many = Array.from({ length: maxTimeServers }, (_, index) => `ff02::1234:5678:9abc:def${index}`);
    expect(timeAnswerSchema.parse(await measure({ timeServers: many }, manner)).time).toBeNull();
    expect((await measure({ timeServers: nowhere }, manner)).failure).toMatch(
      /^255.255.255.255: its answer did not come \(E[A-Z]+\); ff02::1: its answer did not come/,
    );
  } finally {
    server.close();
  }
});

test("[K5] a server that does not want to be asked is asked once, and named; a silent one costs its time", async () => {
  const { answer, asked } = await ask({ kiss: "DENY" }, { kiss: "RATE" }, { silent: true });
  expect(asked.map(({ length }) => length)).toEqual([1, 1, 4]);
  expect(answer).toEqual({
    time: null,
    failure: expect.stringMatching(/\(DENY\); .*\(RATE\); .*did not come/),
    kisses: [
      { server: "127.0.7.1", isFinal: true },
      { server: "127.0.7.2", isFinal: false },
    ],
  });
});
