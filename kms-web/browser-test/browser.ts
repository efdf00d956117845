/** A real browser for tests: the machine's Chromium with a profile of its own, and a record of all that went wrong in it. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const names = ["chromium", "google-chrome", "google-chrome-stable"];

/** The browser's path; undefined where there is none. Where BULKHEAD_BROWSER is `required` that is an error. */
export function findBrowser(): string | undefined {
  const given = process.env["CHROMIUM"];
  if (given) return given;
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
  if (!found && process.env["BULKHEAD_BROWSER"] === "required") {
    throw new Error("no Chromium is installed: install the package chromium, or name one in CHROMIUM");
  }
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it without a window; playwright gives it a new profile and removes that at the end. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type Visit = { page: Page; context: BrowserContext; faults: string[] };

/** A page whose errors, violations of the content security policy and requests to elsewhere are all recorded. */
export async function openPage(browser: Browser, url: string, colorScheme: "light" | "dark" = "light"): Promise<Visit> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1200, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Violations of the content security policy are errors of the console, too.
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin)) faults.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, faults };
}
