import { beforeAll, describe, expect, test } from "vitest";
import { live, options } from "../testing/busy-life.ts";
import { busy, busyInterface, makeBusy } from "../testing/components/busy.ts";
import { recordSession, type SessionRecord } from "../testing/record-session.ts";
import { replay } from "./replay.ts";

describe("[K+] a recorded component", () => {
  let recorded: SessionRecord;
  beforeAll(async () => {
    recorded = await recordSession(options(), async (session) => {
      await live(session);
      session.stop();
    });
  });

  test("is replayed identically, again and again", async () => {
    expect(recorded.exitCode).toBe(0);
    const first = await replay(busy, recorded.bytes);
    expect(first).toMatchObject({ difference: null, ended: "exit" });
    expect(first.outputs).toBeGreaterThan(100);
    expect(await replay(busy, recorded.bytes)).toEqual(first);
  });

  test("is found out where a changed build does something else for the first time", async () => {
    // The second poke brings the count to 3: what was answered at once waits now.
    const { difference } = await replay(makeBusy(2), recorded.bytes);
    expect(difference).toMatchObject({ kind: "differs", found: 'timer "timeout",3' });
    expect(difference?.after).toMatch(/^frame \d+,\[0,\d+,"poke",2\],\d+$/);
    expect(difference?.expected).toMatch(/^send \d+,\[0,\d+,"show",\{"count":3,/);
  });

  test("gives its clocks, timers and random numbers back", async () => {
    const before = [Date, setTimeout, performance.now, Math.random, process.hrtime, crypto.getRandomValues];
    await replay(busy, recorded.bytes);
    expect([Date, setTimeout, performance.now, Math.random, process.hrtime, crypto.getRandomValues]).toEqual(before);
  });

  test("that crashed crashes again, with the same last word", async () => {
    const { bytes, exitCode } = await recordSession(options(), async (session) => {
      await session.client("busy", busyInterface).crash();
    });
    expect(exitCode).toBe(1);
    expect(await replay(busy, bytes)).toMatchObject({ difference: null, ended: "exit" });
  });

  test("that was killed is replayed up to where it was", async () => {
    const { bytes } = await recordSession(options(), async (session) => {
      await session.client("busy", busyInterface).poke(1);
      session.process.kill("SIGKILL");
    });
    expect(await replay(busy, bytes)).toMatchObject({ difference: null, ended: "cut" });
  });

  test("is recorded up to the bound and goes on undisturbed", async () => {
    const { bytes, exitCode } = await recordSession(options({ maxBytes: 4096 }), async (session) => {
      await live(session);
      session.stop();
    });
    expect(exitCode).toBe(0);
    expect(bytes.length).toBeLessThanOrEqual(4096);
    expect(await replay(busy, bytes)).toMatchObject({ difference: null, ended: "full" });
  });
});
