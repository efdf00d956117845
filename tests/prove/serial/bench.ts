/** A device with two serial ports: real root server, serial server and driver; at the other end of each cable the test. */
import { readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { openPty, type Pty } from "../../../drivers/serial/testing/pty.ts";
import { cleanUp, nextName, startIn, until } from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { buildRelease } from "../../../studio/src/build/index.ts";
import { findProcess } from "../../hostile/boot.ts";
import { withCore } from "../../polyglot/device.ts";
import type { Report } from "./system/report.ts";

/** As the board file has them. */
const nodes = ["/dev/bulkhead-prove-1", "/dev/bulkhead-prove-2"] as const;

export type WireLine = { readonly component: string; readonly text: string };

export async function openSerialBench() {
  const [console, desk] = [await openCable(nodes[0]), await openCable(nodes[1])];
  const instance = nextName();
  const device = await flashDevice(
    instance,
    async (into, platformDir) => {
      const manifest = join(import.meta.dirname, "system/manifest.yaml");
      const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
      return withCore(release, platformDir, ["serial-server", "message-server"]);
    },
    undefined,
    { board: "bench" },
  );
  await device.installVerify();
  cleanUp.push(() => device.remove());
  let world = startIn(device);
  const pidOf = (name: string) => until(() => findProcess(instance, name), `a process of ${name}`);

  async function report(what: string, fits: (report: Report) => boolean): Promise<Report> {
    const look = async () => {
      const file = `/proc/${await findProcess(instance, "reader")}/root/tmp/report.json`;
      const found = JSON.parse(await readFile(file, "utf8").catch(() => "null")) as Report | null;
      return found && fits(found) ? found : undefined;
    };
    return until(() => look().catch(() => undefined), what);
  }

  return {
    console,
    desk,
    pidOf,
    report,
    /** The power goes and comes back. */
    async powerCycle(): Promise<void> {
      await world.close();
      world = startIn(device);
    },
  };
}

async function openCable(node: string): Promise<Pty> {
  const pty = await openPty();
  cleanUp.push(() => pty.unplug());
  await rm(node, { force: true });
  await symlink(pty.path, node);
  cleanUp.push(() => rm(node, { force: true }));
  return pty;
}

/** What has gone over the wire so far, without a line that has not ended. */
export const wholeLines = (pty: Pty): string[] =>
  Buffer.from(pty.received(), "latin1").toString("utf8").split("\r\n").slice(0, -1);

const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ([a-z][a-z0-9-]*) (.*)$/;

/** Undefined for what is no line of the console. */
export function readLine(text: string): WireLine | undefined {
  const [, component, said] = form.exec(text) ?? [];
  return component === undefined || said === undefined ? undefined : { component, text: said };
}

/** The numbers that a talker has said, in the order in which they came. */
export const numbersOf = (talker: string, lines: readonly WireLine[]): number[] =>
  lines
    .filter(({ component }) => component === talker)
    .flatMap(({ text }) => new RegExp(`^info ${talker} (\\d+) of 21 °C$`).exec(text)?.[1] ?? [])
    .map(Number);

/** How many lines the wire itself says were left out. */
export const leftOutIn = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Number(/^… (\d+) lines? left out$/.exec(text)?.[1] ?? 0), 0);
