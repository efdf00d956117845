/** The system of tests/attach on a device that somebody else than root runs, or on the oldest Node that devices have. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cleanUp, nextName, stateOf, until, watchStatus } from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { fakes } from "../../../runtime/src/root-server/testing/fake-components.ts";
import { bundle } from "../../../studio/src/build/bundle.ts";
import { buildRelease } from "../../../studio/src/build/index.ts";
import { bulkheadDirectory } from "../../../studio/src/locations.ts";
import { type Operator, operatorOf } from "../../attach/operator.ts";
import { processesBelow } from "../../first-light/processes.ts";
import { withoutCore } from "../../polyglot/device.ts";

export type Bench = Awaited<ReturnType<typeof openAttachBench>>;

/** `uid`: who runs the device, and looks into it. `node`: what executes all of the device. */
export async function openAttachBench({ uid, node }: { uid?: number; node?: string }) {
  const manifest = join(bulkheadDirectory, "tests/attach/system/manifest.yaml");
  const device = await flashDevice(
    nextName(),
    async (into, platformDir) => {
      const place = join(platformDir, "core/serial-server");
      await mkdir(place, { recursive: true });
      await writeFile(join(place, "main.js"), fakes.serialServer);
      await writeFile(join(place, "package.json"), '{"type":"module"}\n');
      const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
      return withoutCore(release, ["serial-server"]);
    },
    uid === undefined ? 700_000 : null,
    node === undefined ? {} : { node },
  );
  cleanUp.push(() => device.remove());
  // As it is installed: compiled, for the device's Node reads no TypeScript.
  const program = join(device.platformDir, "root-server.js");
  await bundle("program", join(bulkheadDirectory, "runtime/src/root-server/main.ts"), program);
  const operator: Operator = await operatorOf(device, { uid, node });
  if (uid !== undefined) await device.giveTo(uid);
  const world = device.start({ program, ...(uid !== undefined && { uid }) });
  cleanUp.push(() => world.close());
  const status = await watchStatus(world);
  await status.when((now) => stateOf(now, "counter")?.state === "ready" && stateOf(now, "ticker")?.state === "ready");
  const asker = world.console("asker");
  cleanUp.push(async () => asker.close());

  return {
    device,
    world,
    operator,
    status,
    /** What the asker says of its calls, from now on. */
    answers(count: number, text: RegExp): Promise<true> {
      const from = asker.lines.length;
      return until(
        () => asker.lines.slice(from).filter((line) => text.test(line)).length >= count,
        `${count} of ${text}`,
        60_000,
      );
    },
    hostPidOf: async (name: string) => {
      const found = await status.when((now) => stateOf(now, name)?.state === "ready");
      const below = await processesBelow(world.pid);
      const process = below.find(({ namespacePids }) => namespacePids.at(-2) === stateOf(found, name)?.pid);
      if (!process) throw new Error(`${name} has no process`);
      return process.pid;
    },
    incarnationOf: (name: string) => {
      const last = status.last();
      return last && stateOf(last, name)?.incarnation;
    },
  };
}

export async function nodeTwenty(): Promise<string> {
  const { stdout } = await execa(process.execPath, [join(bulkheadDirectory, "scripts/node-20.mjs")]);
  return stdout.trim();
}
