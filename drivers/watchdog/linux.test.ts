/** Against folders, and a kernel that only listens: what it is told. What it does is seen on the boards. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { linuxWatchdog } from "./linux.ts";

let directory: string;
const attributes = { identity: "i6300ESB timer", state: "inactive", timeout: "30", nowayout: "0", bootstatus: "32" };
const put = (name: string, value: string) => writeFile(join(directory, name), `${value}\n`);
const written = () => readFile(join(directory, "node"), "latin1");
/** Takes any time but 99 s, and rounds it as hardware does. */
const listening = (_: number, request: number, argument: Uint8Array) => {
  expect(request).toBe(0xc004_5706);
  const [seconds] = new Int32Array(argument.buffer);
  if (seconds === 99) throw Object.assign(new Error("no"), { code: "EINVAL" });
  new Int32Array(argument.buffer)[0] = Math.ceil((seconds as number) / 8) * 8;
};
const open = () =>
  linuxWatchdog({ attributesOf: () => directory, nodeOf: () => join(directory, "node") }, listening).open("watchdog-1");

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-watchdog-"));
  for (const [name, value] of Object.entries(attributes)) await put(name, value);
  await writeFile(join(directory, "node"), "");
});
afterEach(() => rm(directory, { recursive: true }));

describe("[K11] the watchdog driver's back-end on Linux", () => {
  test("answers with the time that the hardware really has", async () => {
    const watchdog = open();
    expect(await watchdog.start(30)).toBe(32);
    await expect(watchdog.start(99)).rejects.toMatchObject({ code: "DEVICE_VALUE_REFUSED" });
    await watchdog.abandon();
  });

  test("writes a sign of life for each that it is shown, and V only when it is stopped", async () => {
    const watchdog = open();
    await watchdog.start(30);
    await watchdog.pet();
    await watchdog.abandon();
    expect(await written()).toBe("++");
    await watchdog.start(30);
    await watchdog.stop();
    expect((await written()).at(-1)).toBe("V");
    await expect(watchdog.pet()).rejects.toMatchObject({ code: "WATCHDOG_NOT_STARTED" });
  });

  test("stops one that another life left running, and says which it cannot stop", async () => {
    await put("state", "active");
    // A folder never changes its state: the kernel would say `inactive` after the V.
    const watchdog = open();
    await expect(watchdog.stop()).rejects.toMatchObject({ code: "WATCHDOG_NOT_STOPPABLE" });
    await watchdog.abandon();
    expect(await written()).toContain("V");
    await writeFile(join(directory, "node"), "");
    await put("nowayout", "1");
    await expect(open().stop()).rejects.toMatchObject({ code: "WATCHDOG_NOT_STOPPABLE" });
    expect(await written()).toBe("");
    expect(await open().read()).toMatchObject({ isStoppable: false });
  });

  test("says why the board was reset last, and what time is left where the hardware does", async () => {
    const state = { identity: "i6300ESB timer", isRunning: false, timeoutSeconds: 30, isStoppable: true };
    expect(await open().read()).toEqual({ ...state, leftSeconds: null, lastReset: ["watchdog"] });
    await put("bootstatus", "17");
    await put("timeleft", "12");
    expect(await open().read()).toEqual({ ...state, leftSeconds: 12, lastReset: ["over-heat", "power-under"] });
  });
});
