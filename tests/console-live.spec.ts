/** The web console in a real browser on a whole running system: what a person does with a device, done and seen. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { kill } from "node:process";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findBrowser, launchBrowser, openPage, type Visit } from "../kms-web/browser-test/browser.ts";
import { bulkheadDirectory } from "../studio/src/locations.ts";
import { launch, type Running } from "../studio/src/run/launcher.ts";
import { publish } from "../studio/src/run/project.ts";
import { firstLight } from "./first-light/first-light.ts";

const executable = findBrowser();
const manifest = join(bulkheadDirectory, "manifests/greenhouse/manifest.yaml");
const quiet = { step: <T>(_text: string, work: () => Promise<T>) => work(), note: () => undefined };
/** A device that starts anew, on a machine that does other things too. */
const slow = { timeout: 60_000 };

describe.skipIf(!executable)("the web console on a whole system", () => {
  let running: Running;
  let browser: Browser;
  let visit: Visit;
  /** When the crash was that was seen. */
  let recorded: number | undefined;

  beforeAll(async () => {
    browser = await launchBrowser(executable ?? "");
    running = await launch(
      { name: "pagetest", manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" },
      quiet,
    );
    visit = await openPage(browser, await running.client.loginLink());
  });
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
    if (running) await rm(running.paths.stateDir, { recursive: true, force: true });
  });

  const row = (page: Page, name: string) => page.getByRole("row", { name: new RegExp(`^${name} `) });
  /** How often a component was started, as the page shows it. */
  const incarnation = async (name: string) =>
    Number(await row(visit.page, name).getByRole("cell").nth(1).textContent());

  test("[M6] [M20] the device is in the list, and its page shows components, permissions and channels", async () => {
    const { page, faults } = visit;
    const line = page.getByRole("row", { name: /greenhouse-1/ });
    await line.getByText("connected", { exact: true }).waitFor();
    await page.getByRole("link", { name: "greenhouse-1" }).click();
    await row(page, "climate").getByText("ready", { exact: true }).waitFor();
    await page.getByRole("row", { name: /climate\.thermometer.*address 0x48, bus 2/ }).waitFor();
    expect(faults).toEqual([]);
  });

  test("[M5] [M8] console and telemetry go on while one looks", async () => {
    const { page, faults } = visit;
    const lines = page.getByRole("log").locator("> div");
    await lines.first().waitFor();
    const last = await lines.last().textContent();
    await expect.poll(() => lines.last().textContent(), slow).not.toBe(last);
    const readings = page.getByText(/^\d+ readings$/);
    const before = Number.parseInt((await readings.textContent()) ?? "", 10);
    await expect.poll(async () => Number.parseInt((await readings.textContent()) ?? "", 10), slow).not.toBe(before);
    expect(faults).toEqual([]);
  });

  test("[M15] a component that is restarted from the page comes back as another incarnation", async () => {
    const { page, faults } = visit;
    const before = await incarnation("climate");
    await page.getByRole("button", { name: "Restart climate" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart", exact: true }).click();
    await expect.poll(() => incarnation("climate"), slow).toBe(before + 1);
    await row(page, "climate").getByText("ready", { exact: true }).waitFor(slow);
    await page.getByRole("listitem").filter({ hasText: "restart climate" }).getByText("done").waitFor(slow);
    expect(faults).toEqual([]);
  });

  test("[K2] [K17] a crash of the device is on the page: how it ended, its limits and the end of its trace", async () => {
    const { page, faults } = visit;
    const { client, provisioning } = running;
    const light = firstLight(running, manifest, running.paths.stateDir);
    await light.command({ kind: "trace", component: "moisture", action: "on" });
    await light.untilReady();
    kill((await light.processOf("moisture")).pid, "SIGKILL");
    const crash = page.locator("details").filter({ hasText: /moisture was killed by SIGKILL.*moisture \d+/ });
    await crash.first().waitFor(slow);
    await crash.first().locator("summary").click();
    await crash
      .getByText(/limit 32(\.0)? MiB, .* of memory at most/)
      .first()
      .waitFor();
    await crash
      .getByText(/-\d+\.\d ms {2}recording begins/)
      .first()
      .waitFor();
    recorded = (await client.crashes(provisioning.deviceId)).crashes?.find(({ exit }) => exit.signal)?.atMs;
    expect(recorded).toBeDefined();
    expect(faults).toEqual([]);
  });

  test("[M16] a release that is deployed from the page becomes the running generation", async () => {
    const { page, faults } = visit;
    const { project, client, release } = running;
    const next = await running.build(manifest, release.release.releaseCounter + 1);
    await publish(client, project, next);
    const { releaseCounter, system } = next.release;
    const label = `${system.system} ${system.version} (${releaseCounter})`;
    await page.getByRole("button", { name: `Deploy ${label}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Deploy" }).click();
    await page.getByRole("row", { name: new RegExp(`\\(${releaseCounter}\\).*running`) }).waitFor(slow);
    await row(page, "climate").getByText("ready", { exact: true }).waitFor(slow);
    expect(faults).toEqual([]);
  });

  test("[M19] when the KMS is killed the page says so, goes on by itself, and shows each console line once", async () => {
    const { page } = visit;
    await running.kms.kill();
    await page.getByText(/The server does not answer/).waitFor(slow);
    await running.kms.restart();
    await page.getByText(/The server does not answer/).waitFor({ state: "detached", ...slow });
    await page.getByText("connected", { exact: true }).waitFor(slow);
    const lines = page.getByRole("log").locator("> div");
    const last = await lines.last().textContent();
    await expect.poll(() => lines.last().textContent(), slow).not.toBe(last);
    const { lines: kept } = await running.client.logs(running.provisioning.deviceId, { after: 0 });
    const numbers = kept.map(({ sequence }) => sequence);
    expect(new Set(numbers).size).toBe(numbers.length);
    // The service has no crashes of its own: the device kept them over its new generation, and told them again.
    const crashes = async () => (await running.client.crashes(running.provisioning.deviceId)).crashes ?? [];
    await expect.poll(async () => (await crashes()).map(({ atMs }) => atMs), slow).toContain(recorded);
  });
});
