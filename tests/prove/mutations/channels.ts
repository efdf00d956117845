/** Each bound of a channel, of the control channel and of the log. */
import { type Mutation, mutate } from "./mutation.ts";

const channel = "sdk/src/channel/channel.spec.ts";
const control = "runtime/src/processes/control-link.ts";
const controlTest = "runtime/src/processes/control-link.test.ts";
const logTest = "runtime/src/serial-server/serial-server.test.ts";
const scheduling = "runtime/src/sandbox/scheduling.spec.ts";
const providerCalls = "sdk/src/channel/provider-calls.ts";

export const channels: readonly Mutation[] = [
  mutate("a bound of a frame's length", "sdk/src/codec.ts", "if (length > maxBytes) throw", "if (length < 0) throw", {
    file: "sdk/src/codec.test.ts",
  }),
  mutate(
    "a bound of calls that a provider answers at once",
    providerCalls,
    "running + backlog.waiting() < maxOutstandingCalls",
    "running >= 0",
    { file: channel, name: "beyond 256" },
  ),
  mutate("grants", providerCalls, "if (refusal !== undefined) throw", "if (refusal === operation) throw", {
    file: channel,
    name: "the grant does not allow",
  }),
  mutate(
    "a rate of control messages",
    control,
    "if (!allowance.take()) throw",
    "if (allowance.take() === undefined) throw",
    { file: controlTest, name: "talks without end" },
  ),
  mutate(
    "a bound of what a component does not read",
    control,
    "if (stream.writableLength > maxUnreadBytes)",
    "if (stream.writableLength < 0)",
    { file: controlTest, name: "does not read" },
  ),
  mutate(
    "a look at what has come before a heartbeat is missing",
    "runtime/src/processes/timers.ts",
    "const turn = setImmediate(action);",
    "const turn = setImmediate(() => undefined);\n        action();",
    { file: "runtime/src/processes/timers.test.ts", name: "counts, although its time is over" },
  ),
  mutate(
    "the verifier's privilege to ask",
    "runtime/src/root-server/generation.ts",
    /mayRequest: \(name, kind\) => name === mayAsk\[kind\].*(?=,$)/m,
    "mayRequest: () => true",
    { file: "runtime/src/root-server/root-server.spec.ts", name: "asks for what it may not" },
  ),
  mutate(
    "a door that is closed to who knocks too often",
    "sdk/src/channel/listen.ts",
    "if (!mayConnect()) pause();",
    "mayConnect();",
    { file: "sdk/src/channel/listen.spec.ts", name: "without pause" },
  ),
  mutate(
    "the runtime on its own cores",
    "runtime/src/sandbox/housekeeping.ts",
    "cores.length > 0 ? formatCores(cores) : before",
    "before",
    { file: scheduling, name: "of the runtime" },
  ),
  mutate("leaving the runtime's cores for one's own", "runtime/src/sandbox/bubblewrap.ts", "    ...unbind,\n", "", {
    file: scheduling,
    name: "of the runtime",
  }),
  mutate(
    "a rate of log lines",
    "runtime/src/serial-server/intake.ts",
    "() => limit.take(nowMs)",
    "() => limit.take(nowMs) || true",
    { file: logTest },
  ),
  mutate(
    "a look at each line's end for what is wanted",
    "runtime/src/serial-server/line-splitter.ts",
    "if (isWanted()) {",
    "if (isWanted() || true) {",
    { file: logTest },
  ),
  mutate("safe text of log lines", "runtime/src/serial-server/line-text.ts", ".replace(unsafe, escapeCharacter)", "", {
    file: logTest,
    name: "cannot steer",
  }),
];
