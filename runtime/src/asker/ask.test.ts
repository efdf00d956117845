/** Real processes answer in the place of the asker, which reads what strangers send: nothing that it becomes is more than no answer. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Sandbox } from "../sandbox/index.ts";
import { askName, askTime } from "./ask.ts";

/** A shell whose descriptor 3 is the control channel; `ended` says how it ended, once it has. */
function stranger(script: string, outOfMemoryKills = 0) {
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  let ended: unknown;
  const exited = once(child, "exit").then(([code, signal]) => {
    ended = signal ?? code;
    return { code, signal };
  });
  const control = child.stdio[3] as Duplex;
  const died = exited.then((exit) => ({ ...exit, outOfMemoryKills }));
  const sandbox = { control, kill: () => void child.kill("SIGKILL"), ended: died, exited };
  return { launch: async () => sandbox as unknown as Sandbox, ended: () => ended };
}

const answer = { addresses: [{ address: "192.0.2.1", ttlSeconds: 60 }], failure: null };
const reading = { time: { timeMs: 1, monotonicUs: 2, errorMs: 3 }, failure: null, kisses: [] };

const asks = [
  {
    what: "the gateway's name",
    good: answer,
    ask: (launch: () => Promise<Sandbox>, waitMs?: number) =>
      askName({ name: "gateway.example", resolvers: ["192.0.2.53"] }, launch, waitMs),
  },
  {
    what: "the time",
    good: reading,
    ask: (launch: () => Promise<Sandbox>, waitMs?: number) => askTime({ timeServers: ["192.0.2.123"] }, launch, waitMs),
  },
];

describe.each(asks)("[K13] [K5] who asks for $what", ({ ask, good }) => {
  test("is asked by one line and answers with one, and nothing of it is left", async () => {
    const { launch, ended } = stranger(`read question <&3; echo '${JSON.stringify(good)}' >&3; sleep 60`);
    expect(await ask(launch)).toEqual(good);
    expect(ended()).toBe("SIGKILL");
  });

  test.each([
    ["says nothing", "sleep 60", /no answer within 100 ms$/, "SIGKILL"],
    ["begins to answer and says no more", "printf '{\"add' >&3; sleep 60", /no answer within 100 ms$/, "SIGKILL"],
    ["is killed while it answers", "printf '{\"add' >&3; kill -9 $$", /it ended without an answer$/, "SIGKILL"],
    ["ends without a word", "exit 3", /it ended without an answer$/, 3],
    [
      "says what is no answer",
      'echo \'{"addresses":[1],"time":7}\' >&3; sleep 60',
      /its answer is no answer$/,
      "SIGKILL",
    ],
    ["says what is no JSON", "echo nonsense >&3; sleep 60", /JSON/, "SIGKILL"],
    ["says one line without end", "cat /dev/zero >&3", /the line is too long$/, "SIGKILL"],
    ["says a line that is too long", "printf '%05000d\\n' 1 >&3; sleep 60", /the line is too long$/, "SIGKILL"],
  ])("and %s has not answered, and nothing of it is left", async (_, script, failure, end) => {
    const { launch, ended } = stranger(`read question <&3; ${script}`);
    const waitMs = failure.test("no answer within 100 ms") ? 100 : 20_000;
    expect(await ask(launch, waitMs)).toMatchObject({ failure: expect.stringMatching(failure) });
    expect(ended()).toBe(end);
  });

  test("and is ended by the kernel for its memory has not answered, and that is what is said", async () => {
    const { launch, ended } = stranger("read question <&3; kill -9 $$", 1);
    expect(await ask(launch)).toMatchObject({ failure: expect.stringContaining("took more memory than it may") });
    expect(ended()).toBe("SIGKILL");
  });

  test("and cannot be started has not answered", async () => {
    const why = `no sandbox: ${"because ".repeat(100)}`;
    const { failure } = await ask(() => Promise.reject(new Error(why)));
    expect(failure).toContain("no sandbox: because");
    expect(failure?.length).toBeLessThanOrEqual(200);
  });
});
