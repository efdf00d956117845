/** What `npm run hil` ends with, as a program. */
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

test("[K19] a run that is misused ends with 2 before anything is run: another name for what names its device itself", async () => {
  const args = [join(import.meta.dirname, "main.ts"), "--station", "virtual", "--device", "foo"];
  const { exitCode, stderr, stdout } = await execa(process.execPath, args, { reject: false, stdin: "ignore" });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("USAGE");
});
