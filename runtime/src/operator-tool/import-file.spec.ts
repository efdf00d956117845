import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { openFile } from "./import-file.ts";

test("[M11] a link, a pipe and a directory are not opened, nor waited for; a file is", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-bring-"));
  try {
    const at = (name: string) => join(directory, name);
    await writeFile(at("file"), "x");
    await symlink(at("file"), at("link"));
    await execa("mkfifo", [at("pipe")]);
    for (const path of [at("link"), at("pipe"), directory, at("none")]) {
      await expect(openFile(path)).rejects.toMatchObject({
        code: "FILE_UNREADABLE",
        remedy: expect.stringMatching(/./),
      });
    }
    await (await openFile(at("file"))).close();
  } finally {
    await rm(directory, { recursive: true });
  }
});
