/**
 * Runs on a board: a client that pets the board's watchdog through the driver, for twice its time, and then shows no more sign
 * of life. `hang`: its driver lives on. `kill`: the driver's process is killed. What follows is the board's reset; in the life
 * after it the same program says why there is another.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startComponent } from "@bulkhead/sdk/testing";
import { installedIoctl } from "../../../../drivers/testing/installed-ioctl.ts";
import { linuxWatchdog } from "../../../../drivers/watchdog/linux.ts";
import { watchdogDriver } from "../../../../drivers/watchdog/server.ts";

const timeoutSeconds = 20;
const petForMs = 2 * timeoutSeconds * 1000;
/** Much longer than the watchdog's time: who is alive then was not reset. */
const patienceMs = 10 * timeoutSeconds * 1000;
const say = (text: string) => void process.stdout.write(`${text}\n`);

async function connect() {
  const [name] = (await readdir("/sys/class/watchdog")).filter((each) => /^watchdog\d+$/.test(each));
  if (name === undefined) throw new Error("this board has no watchdog");
  const places = { attributesOf: () => join("/sys/class/watchdog", name), nodeOf: () => join("/dev", name) };
  const driver = await startComponent(
    watchdogDriver(() => linuxWatchdog(places, installedIoctl())),
    { uses: {} },
  );
  const grant = { device: "watchdog-1", timeoutSeconds: { min: 5, max: 60 } };
  return driver.connect("timer", { grant }).client;
}

/** The process of driver and client. */
async function pet(endMs: number): Promise<void> {
  const watchdog = await connect();
  say(`started with ${(await watchdog.start({ timeoutSeconds })).timeoutSeconds} s`);
  const beganMs = performance.now();
  while (performance.now() - beganMs < endMs) {
    await watchdog.pet();
    await wait(500);
  }
  say(`petted for ${Math.round((performance.now() - beganMs) / 1000)} s`);
  process.send?.("petted");
  for (;;) {
    await wait(500);
    // The driver answers; only nobody pets.
    if (endMs !== Number.POSITIVE_INFINITY) await watchdog.read();
  }
}

async function killAfterPetting(child: ChildProcess): Promise<void> {
  await once(child, "message");
  child.kill("SIGKILL");
  await once(child, "exit");
  say("killed");
}

const [how, part] = process.argv.slice(2);
if (part === "pet") await pet(petForMs);
const { lastReset, isRunning, identity } = await (await connect()).read();
say(`${identity}: last reset by ${lastReset.join() || "nobody"}, ${isRunning ? "running" : "standing"}`);
if (!lastReset.includes("watchdog")) {
  const child = fork(fileURLToPath(import.meta.url), [how ?? "", "pet"]);
  if (how === "kill") await killAfterPetting(child);
  await wait(patienceMs);
  say("nobody was reset");
  process.exit(1);
}
process.exit(0);
