import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildNative } from "./index.ts";
import { architectureOf } from "./toolchain.ts";

describe("[K10] a native component that cannot be compiled", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "bulkhead-native-spec-"));
    await mkdir(join(folder, "lamp"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("is told with the place of its first error", async () => {
    const file = join(folder, "lamp/main.c");
    await writeFile(file, '#include "bulkhead.h"\nint main(void) {\n  return nothing_of_this_name;\n}\n');
    const build = buildNative(join(folder, "lamp"), join(folder, "tree"), [], architectureOf("any"));
    await expect(build).rejects.toMatchObject({ code: "BUILD_FAILED", place: { file, line: 3, column: 10 } });
  });
});
