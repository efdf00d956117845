/** Random lives of a component, each recorded as it really runs and replayed. */
import fc from "fast-check";
import { replay } from "../../sdk/src/replay/replay.ts";
import { options } from "../../sdk/src/testing/busy-life.ts";
import { busy, busyInterface } from "../../sdk/src/testing/components/busy.ts";
import { type RecordedSession, recordSession } from "../../sdk/src/testing/record-session.ts";

/** One thing that a neighbour or the root server does. */
const action = fc.oneof(
  fc.record({ kind: fc.constant("poke" as const), by: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ kind: fc.constantFrom("fail", "turn", "down", "up", "join" as const) }),
  fc.record({ kind: fc.constantFrom("count", "add" as const), items: fc.integer({ min: 0, max: 30 }) }),
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

const perform: { [K in Action["kind"]]: (session: RecordedSession, what: Action, isUp: { now: boolean }) => unknown } =
  {
    poke: (session, what) => {
      const client = session.client("busy", busyInterface);
      return Promise.all([client.poke("by" in what ? what.by : 0), client.poke(1)]);
    },
    fail: (session) =>
      session
        .client("busy", busyInterface)
        .fail()
        .catch(() => {}),
    turn: (session) => session.served("mirror")?.notify("turned", 1),
    join: (session) => session.client("busy", busyInterface),
    async count(session, what) {
      const items = "items" in what ? what.items : 0;
      for await (const item of session.client("busy", busyInterface).count(items)) if (item > 20) break;
    },
    async add(session, what) {
      const writer = session.client("busy", busyInterface).add();
      const items = "items" in what ? what.items : 0;
      for (let i = 0; i < items; i++) void writer.write(i).catch(() => {});
      if (items > 0) await writer.end();
    },
    async down(session, _what, isUp) {
      if (isUp.now) await session.goDown("mirror");
      isUp.now = false;
    },
    async up(session, _what, isUp) {
      if (!isUp.now) await session.comeBack("mirror");
      isUp.now = true;
    },
  };

/** Records `runs` random lives and replays them; throws, with the life, where a replay differs. */
export async function replaysIdentically(runs: number): Promise<void> {
  const life = fc.record({ actions: fc.array(action, { maxLength: 12 }), end: fc.constantFrom("stop", "kill") });
  await fc.assert(
    fc.asyncProperty(life, async ({ actions, end }) => {
      const { bytes } = await recordSession(options(), async (session) => {
        const isUp = { now: true };
        for (const what of actions) await perform[what.kind](session, what, isUp);
        if (end === "stop") session.stop();
        else session.process.kill("SIGKILL");
      });
      const { difference, ended } = await replay(busy, bytes);
      if (difference) throw new Error(`the replay differs: ${JSON.stringify(difference)}`);
      if (ended !== (end === "stop" ? "exit" : "cut")) throw new Error(`the record ended with ${ended}`);
    }),
    { numRuns: runs, endOnFailure: true },
  );
}
