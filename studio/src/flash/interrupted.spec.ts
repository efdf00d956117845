/** `bulkhead flash --usb` that is interrupted, as a process of its own. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import { bulkheadDirectory } from "../locations.ts";
import { makeImage } from "./testing/image.ts";
import { service } from "./testing/service.ts";
import { writeTokenFile } from "./token-file.ts";

test("[K18] at Ctrl-C the program that writes the board is ended, the copy with the token is gone, and the exit code says so", async () => {
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bulkhead-interrupted-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [programs, temporary] = [join(directory, "programs"), join(directory, "tmp")];
  for (const place of [programs, temporary]) mkdirSync(place);
  const report = join(directory, "report");
  const tool = join(import.meta.dirname, "testing/usb-program.sh");
  writeFileSync(join(programs, "uuu"), `#!/bin/sh\necho $$ >"${report}.pid"\nexec "${tool}" "${report}" wait "$@"\n`, {
    mode: 0o755,
  });
  const token = join(directory, "cabinet-1.token");
  await writeTokenFile(service().client, "cabinet-1", token);
  const { file } = makeImage(directory, { sizeMiB: 10, board: "imx8mm-evk" });

  const words = ["flash", file, "--usb", "--boot-loader", file, "--token-file", token, "--yes"];
  const env = { TMPDIR: temporary, PATH: `${programs}:/usr/bin:/bin` };
  const main = join(bulkheadDirectory, "studio/bin/bulkhead.js");
  const flashing = execa(process.execPath, [main, ...words], { env, detached: true, reject: false });
  const group = -(flashing.pid ?? Number.NaN);
  onTestFinished(() => {
    // Of a process that is gone as it should be there is no group.
    if (existsSync(`/proc/${-group}`)) process.kill(group, "SIGKILL");
  });
  await Promise.race([flashing, vi.waitFor(() => expect(existsSync(report)).toBe(true), { timeout: 60_000 })]);
  expect(readdirSync(temporary)).toHaveLength(1);
  // As a terminal does: to all that it has in the foreground.
  process.kill(group, "SIGINT");
  expect((await flashing).exitCode).toBe(130);
  expect([readdirSync(temporary), existsSync(token)]).toEqual([[], true]);
  expect(existsSync(`/proc/${readFileSync(`${report}.pid`, "utf8").trim()}`)).toBe(false);
});
