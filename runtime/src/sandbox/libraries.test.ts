import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { librariesOf } from "./libraries.ts";
import { findProgram } from "./programs.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-libraries-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("[K10] a program's libraries are looked up once, and anew when it is another program", async () => {
  const program = join(directory, "program");
  await copyFile(await findProgram("mount", "mount"), program);
  const first = await librariesOf(program);
  expect(first.some((library) => library.includes("libmount"))).toBe(true);
  expect(await librariesOf(program)).toBe(first);

  await copyFile(await findProgram("env", "coreutils"), program);
  const second = await librariesOf(program);
  expect(second.some((library) => library.includes("libmount"))).toBe(false);
  expect(second.some((library) => library.includes("libc."))).toBe(true);
});

test("[K10] what failed is asked about again", async () => {
  const failure = () => librariesOf(directory).catch((error: unknown) => error);
  const first = await failure();
  expect(first).toMatchObject({ code: "FILE_UNREADABLE" });
  expect(await failure()).not.toBe(first);
});
