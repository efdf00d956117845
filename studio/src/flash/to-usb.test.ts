/** What `bulkhead flash --usb` shows before anything is done. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { boardFor } from "./board.ts";
import type { Image } from "./image.ts";
import { toUsb, type UsbArgs } from "./to-usb.ts";

// No studio of this name runs, and the token's file is not there: who asked for either would fail.
const args = { name: "nobody-runs-this", "dry-run": true, "boot-loader": "/images/flash.bin" };
const image = { file: "/images/imx8mm-evk.img", board: "imx8mm-evk" } as Image;
const board = boardFor(image, undefined);

async function shown(more: Partial<UsbArgs>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "bulkhead-to-usb-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  vi.stubEnv("TMPDIR", folder);
  let text = "";
  const written = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += chunk;
    return true;
  });
  try {
    await toUsb(image, board, { ...args, ...more });
  } finally {
    written.mockRestore();
    vi.unstubAllEnvs();
  }
  expect(readdirSync(folder)).toEqual([]);
  return text.replaceAll(folder, "/tmp");
}

test.each([{ enrol: "cabinet-1" }, { "token-file": "/nowhere/cabinet-1.token" }])(
  "[K18] a dry run with %j says that a copy gets the token, shows the command, asks for no token and makes no copy",
  async (more) => {
    const text = await shown(more);
    expect(text).toContain("/images/imx8mm-evk.img is copied for it, with a token");
    expect(text).toContain("uuu -b emmc_all /images/flash.bin /tmp/bulkhead-flash-XXXXXX/imx8mm-evk.img\n");
  },
);

test("[K18] without a token the command names the image's own file, and its result as JSON is one line", async () => {
  const command = "uuu -b emmc_all /images/flash.bin /images/imx8mm-evk.img";
  expect(await shown({})).toMatch(new RegExp(`\n${command}\n$`));
  expect(JSON.parse(await shown({ json: true }))).toMatchObject({ dryRun: true, board: "imx8mm-evk", command });
});

test("[K18] a token that is asked for and one that there is are not for one board", async () => {
  await expect(shown({ enrol: "a", "token-file": "b" })).rejects.toMatchObject({ code: "USAGE" });
});
