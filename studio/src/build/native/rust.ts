/** Compiles a component written in Rust, with the client library, to one static program. No cargo: there is nothing to fetch. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bulkheadDirectory } from "../../locations.ts";
import type { WireInterface } from "../interfaces/describe.ts";
import { rustModule } from "../interfaces/rust-module.ts";
import { compile } from "./compile.ts";
import { type Architecture, cCompiler, rustTarget } from "./toolchain.ts";

const library = join(bulkheadDirectory, "sdk/rust/src/lib.rs");

/**
 * Compiles `main.rs` of `folder`, and the modules that it names, to `output`; `work` is an empty directory. The program needs
 * nothing of the system that it runs on. Throws BUILD_FAILED or MISSING_PROGRAM.
 */
export async function compileRust(
  folder: string,
  work: string,
  output: string,
  interfaces: readonly WireInterface[],
  architecture: Architecture,
  symbols: boolean,
): Promise<void> {
  const target = await rustTarget(architecture);
  const crate = join(work, "interfaces.rs");
  await writeFile(crate, rustModule(interfaces));
  const common = [
    ...["--edition", "2021", "--target", target, "--error-format", "short", "-L", work],
    ...["-C", "opt-level=2", "-C", "panic=abort", "-C", "codegen-units=1", "-C", "target-feature=+crt-static"],
    ...(symbols ? ["-C", "debuginfo=1"] : []),
    // Nothing of the build's place: the same sources and the same compiler give the same bytes.
    ...[work, bulkheadDirectory].map((place, index) => `--remap-path-prefix=${place}=/${index}`),
  ];
  const asLibrary = (name: string) => ["--crate-type", "rlib", "--crate-name", name, "--out-dir", work];
  const extern = (name: string) => ["--extern", `${name}=${join(work, `lib${name}.rlib`)}`];
  await compile("rustc", [...common, ...asLibrary("bulkhead"), library], folder);
  await compile("rustc", [...common, ...asLibrary("interfaces"), ...extern("bulkhead"), crate], folder);
  const linker = await cCompiler(architecture);
  const link = [
    "-C",
    symbols ? "strip=none" : "strip=symbols",
    "-C",
    `linker=${linker}`,
    "-C",
    "link-arg=-Wl,--build-id=none",
  ];
  const crates = [...extern("bulkhead"), ...extern("interfaces")];
  // By its relative name, which is what stands in messages of panics.
  await compile("rustc", [...common, ...crates, ...link, "--crate-name", "component", "-o", output, "main.rs"], folder);
}
