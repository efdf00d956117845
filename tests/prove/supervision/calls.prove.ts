/**
 * SIGKILL of each core server that components may use, while a client calls all of them all the time: no call is lost but
 * those that may not be repeated, nobody else's channel notices, and what the server had it has again.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kill } from "node:process";
import type { CoreName } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { initialiseKeys } from "../../../runtime/src/key-store/key-file.ts";
import { cleanUp, cleanUpAll, nextName, startIn, until } from "../../../runtime/src/root-server/testing/bench.ts";
import { flashDevice } from "../../../runtime/src/root-server/testing/device.ts";
import { buildRelease } from "../../../studio/src/build/index.ts";
import { findProcess } from "../../hostile/boot.ts";
import { withCore } from "../../polyglot/device.ts";
import type { Report } from "./calls/report.ts";

/** Core server → the watcher's channels to it. */
const servers: readonly [server: CoreName, channels: readonly string[]][] = [
  ["clock-server", ["clock"]],
  ["scheduler-server", ["scheduler"]],
  ["message-server", ["monitor"]],
  ["serial-server", ["console"]],
  ["key-store", ["keys", "random"]],
];
/** A gap is noise below this, or three times that before the kill: two cores that other things use, a process that starts beside. */
const noiseMs = 1_000;

const instance = nextName();
let watcher: number;

beforeAll(async () => {
  const device = await flashDevice(instance, async (into, platformDir) => {
    const manifest = join(import.meta.dirname, "calls/manifest.yaml");
    const { release } = await buildRelease({ manifest, outDir: into, releaseCounter: 1 });
    return withCore(
      release,
      platformDir,
      servers.map(([server]) => server),
    );
  });
  cleanUp.push(() => device.remove());
  const places = { directory: join(device.dataDir, "keys"), sealing: join(device.dataDir, "sealing") };
  await initialiseKeys({ directory: places.directory, secret: { directory: places.sealing, tpm: null } });
  startIn(device);
  watcher = await until(() => findProcess(instance, "watcher"), "the watcher");
});
afterAll(cleanUpAll);

const readReport = async () => JSON.parse(await readFile(`/proc/${watcher}/root/tmp/report.json`, "utf8")) as Report;
const nowMs = () => performance.timeOrigin + performance.now();
/** The first report that fits; one is written every 50 ms. */
const reported = (what: string, fits: (report: Report) => boolean) =>
  until(async () => {
    const report = await readReport().catch(() => undefined);
    return report && fits(report) ? report : undefined;
  }, what);
const everyChannelGoesOn = (before: Report, after: Report) =>
  Object.entries(after.met).every(([name, { calls }]) => calls > (before.met[name]?.calls ?? 0) + 20);

test.each(servers)(
  "[K2] [K3] %s is killed: no call of its clients is lost, and it is as it was",
  async (server, channels) => {
    const isReady = ({ met, state }: Report) =>
      Object.keys(met).length === 7 && Object.values(met).every(({ calls }) => calls > 20) && state.firstLine;
    const before = await reported("all channels to be in use", isReady);
    await writeFile(`/proc/${watcher}/root/tmp/mark`, `${server}\n`, { flag: "r+" });
    const marked = await reported("the mark to be seen", ({ mark }) => mark === server);
    const quiet = await reported("calls after the mark", (now) => everyChannelGoesOn(marked, now));

    const pid = await until(() => findProcess(instance, server), `a process of ${server}`);
    const killedMs = nowMs();
    kill(pid, "SIGKILL");
    const isBack = ({ met }: Report) =>
      channels.every((name) => (met[name]?.incarnation ?? 0) > (before.met[name]?.incarnation ?? 0));
    const back = await reported(`${server} to be back`, isBack);
    const backMs = nowMs();
    const after = await reported("calls after it", (now) => everyChannelGoesOn(back, now));

    expect(await findProcess(instance, "watcher")).toBe(watcher);
    for (const [name, { failures, longestGapMs }] of Object.entries(after.met)) {
      const failed = failures.slice(before.met[name]?.failures.length ?? 0);
      if (name === "random" && server === "key-store") {
        expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(["PEER_GONE"]));
        expect(failed.filter(({ fromMs, toMs }) => toMs < killedMs || fromMs > backMs)).toEqual([]);
      } else expect([name, failed]).toEqual([name, []]);
      if (channels.includes(name)) continue;
      const boundMs = Math.max(noiseMs, 3 * (quiet.met[name]?.longestGapMs ?? 0));
      expect([name, longestGapMs, longestGapMs < boundMs]).toEqual([name, longestGapMs, true]);
    }
    const { state } = after;
    expect(state.publicKeys).toHaveLength(1);
    expect(state.declared).toEqual(before.state.declared);
    expect(state).toMatchObject({ clockWentBack: false, firstLine: true, sequenceWentBack: false });
    const incarnation = after.met["monitor"]?.incarnation ?? 0;
    await reported("the monitor to tell of changes", (now) => (now.state.changed[incarnation] ?? 0) > 0);
    process.stdout.write(
      `${server}: back after ${Math.round(backMs - killedMs)} ms, ${JSON.stringify(gapsOf(after))}\n`,
    );
  },
);

const gapsOf = ({ met }: Report) =>
  Object.fromEntries(Object.entries(met).map(([name, one]) => [name, Math.round(one.longestGapMs)]));
