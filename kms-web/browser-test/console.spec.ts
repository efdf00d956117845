/** The web console in a real browser, against a server that answers as the KMS does. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { findBrowser, launchBrowser, openPage, type Visit } from "./browser.ts";
import * as fixture from "./fixture.ts";
import { type FixtureServer, startFixtureServer } from "./fixture-server.ts";

/** The longest that what is waited for may take; how long it takes is the machine's business. */
const patience = { timeout: 20_000, interval: 20 };

const executable = findBrowser();
// Set to a folder to look at the pages with your own eyes.
const pictures = process.env["BULKHEAD_PICTURES"];

describe.skipIf(!executable)("the web console", () => {
  let browser: Browser;
  let server: FixtureServer;
  const visits: Visit[] = [];

  beforeAll(async () => {
    browser = await launchBrowser(executable ?? "");
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    server = await startFixtureServer();
  });
  afterEach(async () => {
    for (const { context } of visits.splice(0)) await context.close();
    await server.stop();
  });

  async function visit(path: string, colorScheme: "light" | "dark" = "light") {
    const opened = await openPage(browser, server.url + path, colorScheme);
    visits.push(opened);
    return opened;
  }
  const devicePath = `/devices/${fixture.deviceId}`;
  const lines = (page: Page) => page.getByRole("log").getByText(/./);

  test("[M20] shows every device with connection, release, generation and components, and opens one", async () => {
    const { page, faults } = await visit("/");
    const row = page.getByRole("row", { name: /greenhouse-1/ });
    for (const words of ["connected", "greenhouse 1.4.0", "7", "5 of 6 ready"]) {
      await row.getByText(words, { exact: true }).waitFor();
    }
    await page
      .getByRole("row", { name: /bench-2/ })
      .getByText("offline")
      .waitFor();
    await picture(page, "list");
    await page.getByRole("link", { name: "greenhouse-1" }).click();
    await page.getByRole("heading", { name: "greenhouse-1", level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe(devicePath);
    await page.goBack();
    await page.getByRole("heading", { name: "Devices", level: 1 }).waitFor();
    expect(faults).toEqual([]);
  });

  test("[M6] [M7] [K16] shows connection, components with the reason of their last stop, levels, permissions and channels", async () => {
    const { page, faults } = await visit(devicePath);
    const moisture = page.getByRole("row", { name: /^moisture.*backing-off/ });
    await moisture.getByText("flaky sensor gave up (on purpose)").waitFor();
    const climate = page.getByRole("row", { name: /^climate application ready/ });
    await climate.getByText("reduced").click();
    await climate.getByText("control group: none is writable here").waitFor();
    await page
      .getByRole("row", { name: /climate\.thermometer.*i2c\.device.*bus 2, address 0x48, access read.*strong up/ })
      .waitFor();
    await page.getByRole("row", { name: /climate.*2 ms every 50 ms.*48 MiB/ }).waitFor();
    await page.getByText("The whole system, as the device runs it").click();
    await page.getByText('"system": "greenhouse"').waitFor();
    await page.getByText("RELEASE_ROLLBACK").waitFor();
    await page.getByText("DEVICE_AUTHENTICATION_FAILED").waitFor();
    await picture(page, "device");
    expect(faults).toEqual([]);
  });

  test("[K6] [K8] [K21] shows what each component takes and may take, and warns where the kernel holds no limit", async () => {
    const { page, faults } = await visit(devicePath);
    const table = page.getByRole("region", { name: "Resources" });
    await table
      .getByRole("row", { name: /^serial-server 21\.5 MiB 48 MiB 48 MiB 2\.65 s weight 100 11 of 16 21 of 256$/ })
      .waitFor();
    const climate = table.getByRole("row", {
      name: /^climate 22 MiB not enforced 48 MiB .* not enforced declared: 2 ms in every/,
    });
    expect(await climate.getByText("not enforced").count()).toBe(3);
    await table.getByRole("row", { name: /^moisture 18 MiB 64 MiB 48 MiB .*at most 25 % of a core/ }).waitFor();
    await table.getByRole("row", { name: /^together 136\.5 MiB 288 MiB/ }).waitFor();
    expect(await table.getByText(/No limit is enforced/).count()).toBe(0);
    const path = `/devices/${fixture.deviceId}/resources`;
    server.answers.set(path, { resources: { ...fixture.resources, cgroup: "none" }, receivedAtMs: Date.now() });
    await page.reload();
    await table.getByText(/No limit is enforced/).waitFor();
    await picture(page, "resources");
    server.answers.set(path, { resources: null, receivedAtMs: null });
    await page.reload();
    await table.getByText(/has not reported what its components take/).waitFor();
    expect(faults).toEqual([]);
  });

  test("[M8] shows console lines as they come, pauses, goes on, and shows one component only", async () => {
    const { page, faults } = await visit(devicePath);
    await page.getByRole("log").getByText("temperature 24.25 °C").first().waitFor();
    await vi.waitFor(() => expect(server.listeners()).toBe(1), patience);
    emitLine(100, "climate", "fan on at 26.1 °C");
    await page.getByRole("log").getByText("fan on at 26.1 °C").waitFor();
    expect(await isAtEnd(page)).toBe(true);

    await page.getByRole("button", { name: "Pause" }).click();
    emitLine(101, "climate", "fan off at 24.9 °C");
    await page.getByRole("button", { name: "Go on (1 new)" }).waitFor();
    expect(await page.getByText("fan off at 24.9 °C").count()).toBe(0);
    await page.getByRole("button", { name: "Go on (1 new)" }).click();
    await page.getByRole("log").getByText("fan off at 24.9 °C").waitFor();

    await page.getByRole("combobox", { name: "Component" }).selectOption("moisture");
    await vi.waitFor(async () => expect(await page.getByText("fan off at 24.9 °C").count()).toBe(0), patience);
    expect(await lines(page).count()).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });

  test("[M8] keeps the place of a person who scrolls up, and follows again at the end", async () => {
    const { page } = await visit(devicePath);
    await page.getByRole("log").getByText("published").first().waitFor();
    await vi.waitFor(() => expect(server.listeners()).toBe(1), patience);
    await page.getByRole("log").evaluate((box) => box.scrollTo(0, 0));
    // A browser tells of scrolling with the next frame.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    emitLine(200, "climate", "while reading above");
    await page.getByText("while reading above").waitFor({ state: "attached" });
    expect(await page.getByRole("log").evaluate((box) => box.scrollTop)).toBe(0);
    await page.getByRole("log").evaluate((box) => box.scrollTo(0, box.scrollHeight));
    emitLine(201, "climate", "back at the end");
    await page.getByText("back at the end").waitFor();
    await vi.waitFor(async () => expect(await isAtEnd(page)).toBe(true), patience);
  });

  test("[M15] asks before it restarts a component or the runtime, and sends nothing when cancelled", async () => {
    const { page, faults } = await visit(devicePath);
    const restart = page.getByRole("button", { name: "Restart moisture" });
    await restart.click();
    await page.getByRole("dialog").getByText("Restart moisture?").waitFor();
    await picture(page, "dialog");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(server.posted).toEqual([]);

    // By keyboard alone, from where Escape puts the focus back to.
    await vi.waitFor(
      async () => expect(await restart.evaluate((one) => one === document.activeElement)).toBe(true),
      patience,
    );
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("button", { name: "Restart", exact: true }).press("Enter");
    await vi.waitFor(
      () => expect(server.posted).toEqual([{ command: { kind: "restart-component", component: "moisture" } }]),
      patience,
    );
    await page.getByRole("button", { name: "Restart runtime" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart runtime" }).click();
    await vi.waitFor(() => expect(server.posted[1]).toEqual({ command: { kind: "restart-runtime" } }), patience);
    expect(faults).toEqual([]);
  });

  test("[M15] offers no command that an operator has to sign, and says where it is given; a deployment it does", async () => {
    server.answers.set(`/devices/${fixture.deviceId}`, { device: { ...fixture.device, unsignedCommands: false } });
    const { page } = await visit(devicePath);
    for (const name of ["Restart runtime", "Verify", "Restart moisture"]) {
      const button = page.getByRole("button", { name, exact: true });
      await button.waitFor();
      expect(await button.isDisabled()).toBe(true);
      expect(await button.getAttribute("title")).toMatch(/operator's signature only: use bulkhead device/);
    }
    expect(await page.getByRole("button", { name: "Deploy greenhouse 1.5.0 (4)" }).isEnabled()).toBe(true);
    expect(await page.getByText(/takes commands without an operator's signature/).count()).toBe(0);
  });

  test("[M16] deploys a release after asking, and does not offer the one that runs", async () => {
    const { page } = await visit(devicePath);
    await page.getByRole("button", { name: "Deploy greenhouse 1.5.0 (4)" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Deploy" }).click();
    const command = { kind: "deploy", target: "greenhouse-4.json", releaseDigest: "a7".repeat(32) };
    await vi.waitFor(() => expect(server.posted).toEqual([{ command }]), patience);
    expect(await page.getByRole("button", { name: "Deploy greenhouse 1.4.0 (3)" }).count()).toBe(0);
    await page.getByText("the way back from 5").waitFor();
    await page.getByText("withdrawn").waitFor();
    await page.getByText("only for field").waitFor();
    expect(await page.getByRole("button", { name: "Deploy greenhouse 1.6.0 (5)" }).count()).toBe(0);
  });

  test("[M25] warns of unsigned commands, reduced isolation, and a server that others can reach", async () => {
    server.answers.set("/health", { ...fixture.health, insecureBind: true });
    const { page } = await visit(devicePath);
    await page.getByText(/can be reached from the network/).waitFor();
    await page.getByText(/takes commands without an operator's signature/).waitFor();
    await page.getByText(/A component runs below full isolation: climate/).waitFor();
    await page.getByText(/what runs is not what is written/).waitFor();
    await page.getByText(/limit .*memory.max: expected 50331648, found max/).waitFor();
    await page.getByText("the sandbox denies already what it would").waitFor();
  });

  test("shows the greenhouse loop from telemetry, and moves it with each message", async () => {
    const { page } = await visit(devicePath);
    await page.getByText("90 readings", { exact: true }).waitFor();
    await vi.waitFor(() => expect(server.listeners()).toBe(1), patience);
    const payload = JSON.stringify({ temperatureMilliC: 31_400, fan: 1 });
    server.emit({
      type: "telemetry",
      message: { deviceId: fixture.deviceId, topic: "greenhouse/climate", atMs: Date.now(), payload },
    });
    await page.getByText("31.4").first().waitFor();
    await page.getByText("91 readings", { exact: true }).waitFor();
  });

  test("shows what components measured with its unit and course, and what of it was lost", async () => {
    const { page } = await visit(devicePath);
    const telemetry = page.getByRole("region", { name: "Telemetry" });
    await telemetry.getByText("climate.temperature", { exact: true }).waitFor();
    await telemetry.getByRole("img", { name: /climate.temperature, 60 samples/ }).waitFor();
    await telemetry.getByText(/lost 12 of climate.temperature between 1970-01-01/).waitFor();
  });

  test("says that the server is away, and comes back by itself with the lines that were missed", async () => {
    const { page } = await visit(devicePath);
    await vi.waitFor(() => expect(server.listeners()).toBe(1), patience);
    await page.getByRole("log").getByText("published").first().waitFor();
    const { port } = new URL(server.url);
    await server.stop();
    await page.getByText(/The server does not answer/).waitFor();
    server = await startFixtureServer(Number(port));
    server.answers.set(`${"/devices/"}${fixture.deviceId}/logs`, {
      lines: [fixture.logLine(300, "climate", "written meanwhile")],
      dropped: 0,
    });
    await page.getByText("written meanwhile").waitFor({ timeout: 20_000 });
    await page.getByText(/The server does not answer/).waitFor({ state: "detached" });
  });

  test("has a word for no devices, for a device that is not there, and for a browser without a session", async () => {
    server.answers.set("/devices", { devices: [] });
    const { page } = await visit("/");
    await page.getByText(/No device is enrolled yet/).waitFor();
    await page.goto(`${server.url}/devices/d-0000000000000000`);
    await page.getByText(/The device cannot be shown/).waitFor();
    await page.goto(`${server.url}/nowhere`);
    await page.getByText("There is no page /nowhere").waitFor();
    await page.route(/api\/v1\/(?!health)/, (route) =>
      route.fulfill({ status: 401, json: { code: "NOT_AUTHENTICATED", detail: "no session" } }),
    );
    await page.goto(server.url);
    await page.getByText(/This browser has no session/).waitFor();
  });

  test("is dark where the system is, and as a person chose, also after a reload", async () => {
    const { page, faults } = await visit(devicePath, "dark");
    const isDark = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]) < 80);
    expect(await isDark()).toBe(true);
    await page.getByText("90 readings", { exact: true }).waitFor();
    await picture(page, "dark");
    await page.getByLabel("Light").check({ force: true });
    expect(await isDark()).toBe(false);
    await page.reload();
    await page.getByRole("heading", { name: "greenhouse-1" }).waitFor();
    expect(await isDark()).toBe(false);
    expect(faults).toEqual([]);
  });

  test("fits a narrow screen without scrolling sideways", async () => {
    const { page } = await visit(devicePath);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.getByText("90 readings", { exact: true }).waitFor();
    await picture(page, "narrow");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });

  function emitLine(id: number, component: string, text: string) {
    server.emit({ type: "log", deviceId: fixture.deviceId, lines: [fixture.logLine(id, component, text)] });
  }
});

function isAtEnd(page: Page): Promise<boolean> {
  return page.getByRole("log").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 24);
}

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  await mkdir(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}
