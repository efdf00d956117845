import { mkdtemp, rename, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainComponent } from "@bulkhead/protocol/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Roots } from "./find.ts";
import { type Returns, watchReturns } from "./returns.ts";
import { board, makeSysfs } from "./testing/sysfs.ts";

const led = "platform/leds/leds/board:green:status";
const ledEntry = board[led] ?? {};

let directory: string;
let roots: Roots;
let returns: Returns | undefined;
let told: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-returns-"));
  roots = await makeSysfs(directory, board);
  told = [];
});
afterEach(async () => {
  returns?.stop();
  await rm(directory, { recursive: true, force: true });
});

const attributes = { "led-status": { subsystem: "leds", label: "board:green:status", write: true } } as const;
async function watch(name = "pi", everyMs = 1_000_000): Promise<Returns> {
  const components = { leds: plainComponent({ role: "driver", attributes }) };
  const device = { config: { board: name } } as unknown as Parameters<typeof watchReturns>[0];
  const restart = (who: string, why: string) => told.push(`${who}: ${why}`);
  returns = watchReturns(device, () => ({ components }), restart, { roots, everyMs });
  await returns.note("leds");
  return returns;
}

const place = () => join(roots.sys, "devices", led);
/** Out of the way and not removed: what is made then cannot get the same number by chance. */
async function unplug(): Promise<void> {
  await rename(place(), join(directory, `gone-${Math.random()}`));
  await unlink(join(roots.sys, "class/leds/board:green:status"));
}
const plug = () => makeSysfs(directory, { [led]: ledEntry });

test("[K11] a driver whose device was unplugged is restarted when that is back, and once for each time", async () => {
  const watched = await watch();
  await unplug();
  await watched.look();
  expect(told).toEqual([]);
  await plug();
  await watched.look();
  expect(told).toEqual(["leds: led-status (attributes) is there again"]);
  await unplug();
  await plug();
  await watched.look();
  // It has not been started since.
  expect(told).toHaveLength(1);
  await watched.note("leds");
  await unplug();
  await plug();
  await watched.look();
  expect(told).toHaveLength(2);
});

test("[K11] a device that was not there when its driver started is given to it when it comes, without being asked for", async () => {
  await unplug();
  await watch("pi", 2);
  await plug();
  await expect.poll(() => told).toEqual(["leds: led-status (attributes) is there now"]);
});

test("[K11] a driver that starts anew while it is looked at has the device, and is not restarted", async () => {
  // What is asked for first takes longer: many places at which there is nothing.
  const absent = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      `led-${index}`,
      { ...attributes["led-status"], label: `absent-${index}` },
    ]),
  );
  let isLook = false;
  const components = {
    leds: {
      ...plainComponent({ role: "driver" }),
      get attributes() {
        return isLook ? { ...attributes, ...absent } : attributes;
      },
    },
  };
  const device = { config: { board: "pi" } } as unknown as Parameters<typeof watchReturns>[0];
  returns = watchReturns(
    device,
    () => ({ components }),
    (who) => told.push(who),
    { roots, everyMs: 1_000_000 },
  );
  await returns.note("leds");
  await unplug();
  await plug();
  isLook = true;
  const looking = returns.look();
  isLook = false;
  await returns.note("leds");
  await looking;
  expect(told).toEqual([]);
});

test("[K11] nothing is restarted for a device that stays, and on board virtual for none", async () => {
  const virtual = await watch("virtual");
  await unplug();
  await plug();
  await virtual.look();
  virtual.stop();
  await (await watch()).look();
  expect(told).toEqual([]);
});
