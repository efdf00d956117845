import { describe, expect, test } from "vitest";
import { started } from "./testing/started.ts";

const one = { one: { spare: true }, client: { strong: ["one"] } } as const;

describe("takeover", () => {
  test("[K2] a spare is made when the component is ready, and takes over within the turn of its crash", () => {
    const world = started(one);
    expect(world.spare("one")).toBe("standing-by");
    const effects = world.exit("one").map(({ kind }) => kind);
    expect(effects.indexOf("promote")).toBeGreaterThan(-1);
    expect(effects.indexOf("greet")).toBeGreaterThan(effects.indexOf("promote"));
    expect([world.phase("one"), world.incarnationOf("one")]).toEqual(["starting", 2]);
    expect(world.record("one")?.lastReason).toBe("one exited with code 1");
  });

  test("[K2] the next spare is made after the delay that a restart would have had", () => {
    const world = started(one);
    world.exit("one");
    world.ready("one");
    expect(world.spare("one")).toBe("backing-off");
    expect(world.exit("one")).toContainEqual(expect.objectContaining({ kind: "arm", timer: "backoff" }));
    world.settle();
    expect([world.spare("one"), world.incarnationOf("one")]).toEqual(["standing-by", 3]);
  });

  test("[K2] a spare changes nothing about how often a component may crash", () => {
    const world = started(one);
    for (let crash = 0; crash < 4; crash++) {
      world.exit("one");
      world.settle();
    }
    expect([world.phase("one"), world.phase("client"), world.spare("one")]).toEqual(["failed", "failed", "none"]);
    expect(world.processes()).toEqual([]);
  });

  test("[K2] one that was killed for its missing heartbeat is followed only when its process has gone", () => {
    const world = started(one);
    world.elapse("one");
    expect(world.process("one")).toMatchObject({ incarnation: 1, killed: true });
    world.exit("one", { code: null, signal: "SIGKILL" });
    expect(world.incarnationOf("one")).toBe(2);
  });

  test("[K2] a restart that a person asks for uses it too", () => {
    const world = started(one);
    world.happen({ kind: "restart", component: "one", reason: "asked for" });
    world.exit("client", { code: 0, signal: null });
    expect(world.exit("one", { code: 0, signal: null })).toContainEqual(expect.objectContaining({ kind: "promote" }));
  });
});

describe("a spare's own life", () => {
  test("[K2] one that dies while it stands by is replaced with a growing delay, and it is said", () => {
    const world = started({
      one: { spare: true, restart: { backoff: { initialMs: 3000, factorPercent: 200, maxMs: 9000 } } },
    });
    const delays = [0, 1, 2].map(() => {
      world.spares.exit("one", { code: 7, signal: null }, 0.999999);
      const armed = world.effects.findLast((effect) => effect.kind === "arm-spare");
      world.spares.elapse("one");
      world.spares.built("one");
      world.spares.standBy("one");
      return armed?.kind === "arm-spare" && armed.afterMs;
    });
    expect(delays).toEqual([3000, 6000, 9000]);
    const said = world.effects.find((effect) => effect.kind === "say");
    expect(said).toMatchObject({ text: "the spare of one exited with code 7; another is made in 3 s" });
    expect(world.incarnationOf("one")).toBe(1);
  });

  test("[K2] one that does not stand by in time, or speaks out of turn, is killed", () => {
    const world = started(one);
    world.spares.exit("one");
    world.spares.elapse("one");
    world.spares.built("one");
    world.spares.elapse("one");
    expect(world.spare("one")).toBe("leaving");
    world.settle();
    world.happen({ kind: "spare-misbehaved", component: "one", spare: world.spares.idOf("one"), reason: "sent ready" });
    expect(world.spare("one")).toBe("leaving");
  });

  test("[K2] it goes with the end of all, with hold, and with safe mode", () => {
    const ended = started(one);
    ended.happen({ kind: "stop", reason: "update" });
    expect(ended.spare("one")).toBe("leaving");
    ended.settle();
    expect(ended.state().mode).toBe("idle");
    const safe = started({ ...one, bad: { restart: { escalate: "safe-mode", intensity: 0 } } });
    safe.exit("bad");
    safe.settle();
    expect([safe.phase("one"), safe.spare("one")]).toEqual(["held", "none"]);
  });

  test("[K2] one whose sandbox was still being built when it was no longer wanted is killed as soon as it can be", () => {
    const world = started(one);
    world.spares.exit("one");
    world.spares.elapse("one");
    expect(world.spare("one")).toBe("building");
    world.happen({ kind: "stop", reason: "update" });
    world.spares.built("one");
    world.settle();
    expect(world.state().mode).toBe("idle");
  });
});
