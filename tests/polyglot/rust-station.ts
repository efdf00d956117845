/** The station in Rust as `bulkhead build` makes it, where there is a Rust compiler: `npm test` does not install one (275 MB). */
import { execFileSync } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeInterfaces } from "../../studio/src/build/interfaces/describe.ts";
import { buildNative } from "../../studio/src/build/native/index.ts";
import { architectureOf } from "../../studio/src/build/native/toolchain.ts";

const polyglot = join(import.meta.dirname, "../../manifests/polyglot");

/** Whether rustc is there; throws where it is required and missing, so that no green run hides it. */
export function hasRust(): boolean {
  try {
    execFileSync("rustc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env["BULKHEAD_RUST"] === "required") throw new Error("BULKHEAD_RUST=required, but there is no rustc");
    return false;
  }
}

/** Builds it, or the program in `source`, into a directory of its own; returns the command. */
export async function buildRustStation(
  source = join(polyglot, "rust"),
): Promise<{ command: string[]; directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-rust-station-"));
  const interfaces = await describeInterfaces(polyglot);
  await buildNative(source, join(directory, "tree"), interfaces, architectureOf("any"));
  return { command: [join(directory, "tree/main")], directory };
}
