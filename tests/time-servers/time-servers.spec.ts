/** A root server with a declared time server: the program that asks it, as it is installed and in its sandbox, and what the clock server is told. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";
import {
  cleanUp,
  cleanUpAll,
  messageIn,
  nextName,
  startIn,
  until,
} from "../../runtime/src/root-server/testing/bench.ts";
import { makeDevice } from "../../runtime/src/root-server/testing/device.ts";
import { childrenOf } from "../../runtime/src/sandbox/index.ts";
import { bundle } from "../../studio/src/build/bundle.ts";

const timeServer = "198.51.100.3";
const hourMs = 3_600_000;
const sourceOf = (path: string) => fileURLToPath(new URL(`../../runtime/src/asker/${path}`, import.meta.url));

afterAll(cleanUpAll);

test("[K5] the clock server is told what a declared time server says, and how well that is known", async () => {
  const sketch = { "clock-server": { fake: "clock", core: true } } as const;
  const device = await makeDevice(nextName(), sketch, 700_000, { timeServers: [timeServer] });
  cleanUp.push(() => device.remove());
  await bundle("program", sourceOf("main.ts"), join(device.platformDir, "asker", "main.js"));
  const world = startIn(device);
  const init = await until(async () => (await childrenOf(world.pid))[0], "the world");
  const enter = [`--target=${init}`, "--net", "--"];
  const address = ["ip", "address", "add", `${timeServer}/32`, "dev", "lo"];
  await until(
    async () => (await execa("nsenter", [...enter, ...address], { reject: false })).exitCode === 0,
    "its network",
  );
  const behaviour = JSON.stringify({ offsetMs: hourMs });
  const program = [process.execPath, sourceOf("time/testing/time-server.ts"), timeServer, "123", behaviour];
  const server = spawn("nsenter", [...enter, ...program], { stdio: ["pipe", "pipe", "inherit"] });
  cleanUp.push(async () => {
    const ended = once(server, "exit");
    server.stdin.end();
    await ended;
  });
  await once(server.stdout, "data");
  await world.line(/generation 1/);
  const clock = world.console("clock-server");
  cleanUp.push(async () => clock.close());

  const line = await until(() => clock.lines[0], "the time");
  const [, kind, told] = messageIn(line) as [2, string, { timeMs: number; monotonicUs: number; errorMs: number }];
  expect(kind).toBe("time");
  // This process may be taken from the processor between the looks at the two clocks.
  const beforeMs = Date.now() + hourMs;
  const toldMs = told.timeMs + Number(process.hrtime.bigint() / 1000n - BigInt(told.monotonicUs)) / 1000;
  expect(toldMs).toBeGreaterThanOrEqual(beforeMs - told.errorMs);
  expect(toldMs).toBeLessThanOrEqual(Date.now() + 1 + hourMs + told.errorMs);
  // The server's own: half of 10 ms to its source, and 5 ms.
  expect(told.errorMs).toBeGreaterThanOrEqual(9);
  expect(told.errorMs).toBeLessThan(hourMs);
});
