/** The web console in a real browser on a real KMS with its database; only the device is a client of this test. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectDevice, type DeviceClient, type DeviceKeys } from "../kms/src/fixtures/device.ts";
import { createWorld, type World } from "../kms/src/fixtures/world.ts";
import { findBrowser, launchBrowser, openPage, type Visit } from "../kms-web/browser-test/browser.ts";
import { logLine, manifest, status } from "../kms-web/browser-test/fixture.ts";

const executable = findBrowser();

describe.skipIf(!executable)("the web console on a KMS", () => {
  let browser: Browser;
  let world: World;
  let visit: Visit;
  let device: DeviceClient;
  let keys: DeviceKeys & { provisioning: Parameters<typeof connectDevice>[0]["provisioning"] };

  const connect = async () => {
    device = await connectDevice({
      socketPath: world.deviceSocket,
      provisioning: keys.provisioning,
      deviceKey: keys.deviceKey,
    });
    device.send({ type: "manifest", system: manifest });
    device.send({ type: "status", status });
  };

  beforeAll(async () => {
    browser = await launchBrowser(executable ?? "");
    world = await createWorld({ webDir: join(import.meta.dirname, "..", "kms-web", "dist") });
    keys = await world.enrol("greenhouse-1");
  });
  afterAll(async () => {
    device?.socket.terminate();
    await browser?.close();
    await world?.remove();
  });

  test("[M20] the login link opens the list of devices, and keeps no secret in the address", async () => {
    visit = await openPage(browser, world.kms.loginUrl);
    await visit.page
      .getByRole("row", { name: /greenhouse-1/ })
      .getByText("never connected")
      .waitFor();
    expect(visit.page.url()).toBe(`${world.kms.url}/`);
    expect(visit.faults).toEqual([]);
  });

  test("[M20] a browser without a session is told how to get one", async () => {
    const { page, context } = await openPage(browser, world.kms.url);
    await page.getByText(/This browser has no session/).waitFor();
    await context.close();
  });

  test("[M6] [M7] [M8] a device that connects appears with its components, permissions and console, without a reload", async () => {
    const { page, faults } = visit;
    await connect();
    await page
      .getByRole("row", { name: /greenhouse-1/ })
      .getByText("connected", { exact: true })
      .waitFor();
    await page.getByRole("link", { name: "greenhouse-1" }).click();
    await page.getByRole("row", { name: /^moisture application backing-off/ }).waitFor();
    await page.getByRole("row", { name: /climate\.thermometer.*bus 2, address 0x48/ }).waitFor();
    const { id: _, ...line } = logLine(1, "climate", "fan on at 26.1 °C");
    device.send({ type: "log", lines: [line], dropped: 0 });
    await page.getByRole("log").getByText("fan on at 26.1 °C").waitFor();
    expect(faults).toEqual([]);
  });

  test("[M15] a restart reaches the device, and its answer the page", async () => {
    const { page, faults } = visit;
    await page.getByRole("button", { name: "Restart moisture" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart", exact: true }).click();
    const { envelope } = await device.next("command");
    expect(envelope.command).toEqual({ kind: "restart-component", component: "moisture" });
    device.send({
      type: "command-result",
      id: envelope.id,
      outcome: "done",
      code: null,
      message: "moisture restarted",
    });
    await page.getByRole("listitem").getByText("moisture restarted").waitFor();
    expect(faults).toEqual([]);
  });

  test("[M19] when the KMS is killed the page says so, and goes on when it is back", async () => {
    const { page } = visit;
    world.config.port = world.kms.port;
    await world.kms.kill("SIGKILL");
    await page.getByText(/The server does not answer/).waitFor();
    await world.restartKms();
    await page.getByText(/The server does not answer/).waitFor({ state: "detached" });
    await connect();
    await vi.waitFor(async () => expect(await page.getByText("connected", { exact: true }).count()).toBe(1), {
      timeout: 20_000,
    });
    const { id: _, ...line } = logLine(2, "climate", "written after the restart");
    device.send({ type: "log", lines: [line], dropped: 0 });
    await page.getByRole("log").getByText("written after the restart").waitFor();
  });
});
