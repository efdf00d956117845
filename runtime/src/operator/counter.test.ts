import { BulkheadError } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import { createAttachments } from "./attachments.ts";
import { type CounterRequest, createCounter } from "./counter.ts";
import type { Recordings } from "./recordings.ts";
import { fakeVisit } from "./testing/visitor.ts";

const heartbeat = { periodMs: 100, missed: 3 };
const system = plainSystem({
  components: {
    open: plainComponent({ attach: ["inspector", "record"], heartbeat }),
    shut: plainComponent({ heartbeat }),
    left: plainComponent({ trustGroup: "pair", attach: ["gdb"], heartbeat }),
    right: plainComponent({ trustGroup: "pair", attach: ["gdb"], heartbeat }),
  },
});

/** A running generation by what an operator can do to it. */
function bench() {
  let nowMs = 0;
  let isRunning = true;
  const restarted: string[] = [];
  const attachments = createAttachments(
    () => system,
    () => undefined,
    () => nowMs,
  );
  let begin: () => void = () => undefined;
  let end: () => void = () => undefined;
  const exited = new Promise<{ code: number; signal: null }>((resolve) => {
    end = () => resolve({ code: 0, signal: null });
  });
  const removed: string[] = [];
  let refusal: BulkheadError | undefined;
  const recordings: Recordings = {
    async prepare(_name, _declared, maxBytes, onBegun) {
      if (refusal) throw refusal;
      begin = onBegun;
      return { file: "/records/open/record", maxBytes: maxBytes ?? 7 };
    },
    mounts: () => [],
    settings: () => ({}),
    remove: async (name) => void removed.push(name),
  };
  const ask = createCounter({
    ...{ system: () => system, attachments, recordings },
    uidOf: () => 700_001,
    running: () => (isRunning ? { sandbox: { componentPid: 42, exited }, incarnation: 3 } : undefined),
    restart: (component) => restarted.push(component),
    log: () => undefined,
  });
  const come = () => {
    const visitor = fakeVisit();
    return { ...visitor, ask: (request: CounterRequest) => ask(request, visitor.visit) };
  };
  return {
    ...{ attachments, restarted, removed, come },
    pass: (ms: number) => (nowMs += ms),
    stop: () => (isRunning = false),
    refuse: (error: BulkheadError) => (refusal = error),
    begin: () => begin(),
    end: () => end(),
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test.each<[CounterRequest, string, string]>([
  [
    { kind: "attach", component: "shut", tool: "inspector" },
    "ATTACH_REFUSED",
    "the manifest of shut does not allow `inspector`",
  ],
  [{ kind: "attach", component: "open", tool: "gdb" }, "ATTACH_REFUSED", "the manifest of open does not allow `gdb`"],
  [{ kind: "attach", component: "nobody", tool: "gdb" }, "NOT_FOUND", "there is no component nobody"],
  [{ kind: "attach", component: "constructor", tool: "gdb" }, "NOT_FOUND", "there is no component constructor"],
  [{ kind: "finish" }, "ATTACH_REFUSED", "nothing is recorded on this connection"],
])("[K2] %j is refused", (request, code, message) => {
  const { attachments, come } = bench();
  expect(() => come().ask(request)).toThrow(expect.objectContaining({ code, message }));
  expect(attachments.all()).toEqual([]);
});

test("[K2] what does not run has nothing to attach to", () => {
  const { stop, come } = bench();
  stop();
  const { ask } = come();
  expect(() => ask({ kind: "attach", component: "open", tool: "inspector" })).toThrow("open does not run now");
});

test("[K2] deadlines stand still while a debugger is attached and for one missed heartbeat after, in its whole process", () => {
  const { attachments, come, pass } = bench();
  const visitor = come();
  visitor.ask({ kind: "attach", component: "left", tool: "gdb" });
  expect(visitor.told).toEqual([{ kind: "attached", pid: 42, uid: 700_001, incarnation: 3 }]);
  pass(1_000_000);
  expect(["left", "right", "open"].map(attachments.stands)).toEqual([true, true, false]);
  expect(attachments.of("left")).toEqual(["gdb"]);
  visitor.leave();
  expect(attachments.all()).toEqual([]);
  pass(299);
  expect(attachments.stands("right")).toBe(true);
  pass(1);
  expect(attachments.stands("right")).toBe(false);
});

test("[K+] to be recorded a component is restarted, and its heartbeat counts; the operator hears of the end of that life", async () => {
  const { attachments, come, restarted, begin, end } = bench();
  const visitor = come();
  visitor.ask({ kind: "record", component: "open", maxBytes: null });
  await turn();
  expect([visitor.told, restarted]).toEqual([
    [{ kind: "recording", file: "/records/open/record", maxBytes: 7 }],
    ["open"],
  ]);
  expect([attachments.of("open"), attachments.stands("open")]).toEqual([["record"], false]);
  begin();
  end();
  await turn();
  expect(visitor.told.at(-1)).toEqual({ kind: "ended" });
});

test("[K+] an operator who goes while the place of a record is made leaves nothing behind", async () => {
  const { attachments, come, restarted, removed } = bench();
  const visitor = come();
  visitor.ask({ kind: "record", component: "open", maxBytes: null });
  visitor.leave();
  await turn();
  expect([attachments.all(), restarted, removed]).toEqual([[], [], ["open"]]);
  const next = come();
  next.ask({ kind: "record", component: "open", maxBytes: null });
  await turn();
  expect([attachments.of("open"), restarted]).toEqual([["record"], ["open"]]);
});

test("[K+] an operator who goes while a component is recorded takes the record along", async () => {
  const { attachments, come, removed } = bench();
  const visitor = come();
  visitor.ask({ kind: "record", component: "open", maxBytes: null });
  await turn();
  expect(removed).toEqual([]);
  visitor.leave();
  expect([attachments.all(), removed]).toEqual([[], ["open"]]);
});

test("[K+] a record is finished by the end of the life that it is of, by a restart where it still runs", async () => {
  const { come, restarted, stop } = bench();
  const visitor = come();
  visitor.ask({ kind: "record", component: "open", maxBytes: null });
  await turn();
  visitor.ask({ kind: "finish" });
  expect([restarted, visitor.told.map(({ kind }) => kind)]).toEqual([["open", "open"], ["recording"]]);
  stop();
  visitor.ask({ kind: "finish" });
  expect([restarted.length, visitor.told.at(-1)]).toEqual([2, { kind: "ended" }]);
});

test("[K2] whoever has attached a debugger hears of the end of what it looks into", async () => {
  const { come, end } = bench();
  const visitor = come();
  visitor.ask({ kind: "attach", component: "open", tool: "inspector" });
  end();
  await turn();
  expect(visitor.told.at(-1)).toEqual({ kind: "ended" });
});

test("[K+] why no record can be made is told in bounded words", async () => {
  const { come, refuse } = bench();
  refuse(new BulkheadError("CONFLICT", "x".repeat(600), { remedy: "y".repeat(600) }));
  const visitor = come();
  visitor.ask({ kind: "record", component: "open", maxBytes: null });
  await turn();
  expect(visitor.told).toEqual([
    { kind: "refused", code: "CONFLICT", message: "x".repeat(500), remedy: "y".repeat(500) },
  ]);
});

test("[K+] who may not be recorded is told, and a second wish on a connection is refused", async () => {
  const { come } = bench();
  const visitor = come();
  visitor.ask({ kind: "record", component: "shut", maxBytes: null });
  visitor.ask({ kind: "record", component: "open", maxBytes: 9 });
  visitor.ask({ kind: "record", component: "open", maxBytes: 9 });
  await turn();
  expect(visitor.told.map((answer) => (answer.kind === "refused" ? answer.message : answer.kind)).toSorted()).toEqual([
    "recording",
    "the manifest of shut does not allow `record`",
    "this connection has asked for a record already",
  ]);
});
