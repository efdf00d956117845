/** Each bound of a channel, of the control channel and of the log, taken away, and the test that must fail then. */
import type { Mutation } from "./table.ts";

const channel = "sdk/src/channel/channel.spec.ts";
const control = "runtime/src/processes/control-link.ts";
const controlTest = "runtime/src/processes/control-link.test.ts";
const logTest = "runtime/src/serial-server/serial-server.test.ts";
const scheduling = "runtime/src/sandbox/scheduling.spec.ts";
const providerCalls = "sdk/src/channel/provider-calls.ts";

const rows: readonly (readonly [string, string, string, string, string, string?])[] = [
  [
    "a bound of a frame's length",
    "sdk/src/codec.ts",
    "if (length > maxBytes) throw",
    "if (length < 0) throw",
    "sdk/src/codec.test.ts",
  ],
  [
    "a bound of calls that a provider answers at once",
    providerCalls,
    "running + backlog.waiting() < maxOutstandingCalls",
    "running >= 0",
    channel,
    "beyond 256",
  ],
  [
    "grants",
    providerCalls,
    "if (refusal !== undefined) throw",
    "if (refusal === operation) throw",
    channel,
    "the grant does not allow",
  ],
  [
    "a rate of control messages",
    control,
    "if (!allowance.take()) throw",
    "if (allowance.take() === undefined) throw",
    controlTest,
    "talks without end",
  ],
  [
    "a bound of what a component does not read",
    control,
    "if (stream.writableLength > maxUnreadBytes)",
    "if (stream.writableLength < 0)",
    controlTest,
    "does not read",
  ],
  [
    "the verifier's privilege to ask",
    "runtime/src/root-server/generation.ts",
    "mayRequest: (name, kind) => name === mayAsk[kind] && isCore(release, name)",
    "mayRequest: () => true",
    "runtime/src/root-server/root-server.spec.ts",
    "asks for what it may not",
  ],
  [
    "a door that is closed to who knocks too often",
    "sdk/src/channel/listen.ts",
    "if (!mayConnect()) pause();",
    "mayConnect();",
    "sdk/src/channel/listen.spec.ts",
    "without pause",
  ],
  [
    "the runtime on its own cores",
    "runtime/src/sandbox/housekeeping.ts",
    "cores.length > 0 ? formatCores(cores) : before",
    "before",
    scheduling,
    "of the runtime",
  ],
  [
    "leaving the runtime's cores for one's own",
    "runtime/src/sandbox/bubblewrap.ts",
    "    ...unbind,\n",
    "",
    scheduling,
    "of the runtime",
  ],
  [
    "a rate of log lines",
    "runtime/src/serial-server/intake.ts",
    "() => limit.take(nowMs)",
    "() => limit.take(nowMs) || true",
    logTest,
  ],
  [
    "a look at each line's end for what is wanted",
    "runtime/src/serial-server/line-splitter.ts",
    "if (isWanted()) {",
    "if (isWanted() || true) {",
    logTest,
  ],
  [
    "safe text of log lines",
    "runtime/src/serial-server/line-text.ts",
    ".replace(unsafe, escapeCharacter)",
    "",
    logTest,
    "cannot steer",
  ],
];

export const limits: readonly Mutation[] = rows.map(([without, file, from, to, testFile, name]) => ({
  without,
  edits: [{ file, from, to }],
  test: { file: testFile, ...(name !== undefined && { name }) },
}));
