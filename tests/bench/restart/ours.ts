/** Bulkhead under measurement: a device with a provider and a caller that are bundled as every component is. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until, watchStatus } from "../../../runtime/src/root-server/testing/bench.ts";
import { makeDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { bundle } from "../../../studio/src/build/bundle.ts";

/** Kills the provider `count` times, each time when all has settled. */
export async function measureOurs(spare: boolean, count: number): Promise<number[]> {
  const device = await makeDevice(`bench-${process.pid}-${spare ? "warm" : "cold"}`, {
    echo: {
      fake: "good",
      ...(await bundled("echo-component")),
      service: "echo",
      // A restart at once, as the peers do; the storm that the delay bounds is not measured here.
      restart: { intensity: 1000, backoff: { initialMs: 0, factorPercent: 100, maxMs: 0 } },
      // A machine that is busy with other things must not look like one that hangs.
      more: { spare, heartbeat: { periodMs: 1000, missed: 20 }, readyMs: 60_000 },
    },
    caller: { fake: "good", ...(await bundled("caller-component")), weak: ["echo"] },
  });
  const world = device.start();

  try {
    const watch = await watchStatus(world);
    const caller = world.console("caller");
    const answers = () => caller.lines.flatMap(readAnswer);
    const samples: number[] = [];
    for (let sample = 0; sample < count; sample++) {
      const status = await watch.when((now) => {
        const echo = now.components.find(({ name }) => name === "echo");
        const isSettled = !spare || echo?.spare === "standing-by";
        return echo?.state === "ready" && isSettled && answers().at(-1)?.incarnation === echo.incarnation;
      });
      const incarnation = answers().at(-1)?.incarnation ?? 0;
      const pid = await world.hostPid(status.components.find(({ name }) => name === "echo")?.pid);
      const killedNs = process.hrtime.bigint();
      process.kill(pid, "SIGKILL");
      const next = () => answers().find((answer) => answer.incarnation > incarnation);
      const { atNs } = await until(next, "an answer of the next incarnation");
      samples.push(Number(atNs - killedNs) / 1e6);
    }
    return samples;
  } finally {
    await world.close();
    await device.remove();
  }
}

function readAnswer(line: string): { incarnation: number; atNs: bigint }[] {
  const [, incarnation, atNs] = /answered (\d+) (\d+)/.exec(line) ?? [];
  return incarnation === undefined || atNs === undefined
    ? []
    : [{ incarnation: Number(incarnation), atNs: BigInt(atNs) }];
}

async function bundled(name: string): Promise<{ program: string; packageJson: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bench-"));
  const entry = new URL(`./components/${name}.ts`, import.meta.url).pathname;
  await bundle("component", entry, join(directory, "main.js"));
  const [program = "", packageJson = ""] = await Promise.all(
    ["main.js", "package.json"].map((file) => readFile(join(directory, file), "utf8")),
  );
  await rm(directory, { recursive: true });
  return { program, packageJson };
}
