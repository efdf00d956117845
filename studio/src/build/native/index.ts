/** Builds a native component: C where its folder has a main.c, Rust where it has a main.rs. */
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WireInterface } from "../interfaces/describe.ts";
import { compileC } from "./c.ts";
import { compileRust } from "./rust.ts";
import type { Architecture } from "./toolchain.ts";

/** Writes the program of the component in `folder` to `tree/main`, with its `symbols` or without. Throws BUILD_FAILED or MISSING_PROGRAM. */
export async function buildNative(
  folder: string,
  tree: string,
  interfaces: readonly WireInterface[],
  architecture: Architecture,
  symbols = false,
): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), "bulkhead-native-"));
  try {
    await mkdir(tree, { recursive: true });
    const output = join(tree, "main");
    const compileSources = existsSync(join(folder, "main.rs")) ? compileRust : compileC;
    await compileSources(folder, work, output, interfaces, architecture, symbols);
    await chmod(output, 0o755);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
