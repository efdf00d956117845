/**
 * The compiler of an add-on: the unpacked one of scripts/setup/compiler.mjs, alone in a sandbox with the sources and the headers. It sees no
 * path of this machine, so none can get into what it makes.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { bulkheadDirectory } from "../../locations.ts";
import { sharedCache } from "../../shared-cache.ts";
import type { Architecture } from "../native/toolchain.ts";

const prefixes: Readonly<Record<Architecture, string>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  armhf: "arm-linux-gnueabihf",
};

export type Compiler = {
  /** What the compiler and the linker say of themselves. */
  readonly version: string;
  /** Headers of the Node that the board has. */
  readonly node: string;
  /**
   * Runs `<prefix>-<program>` with `args` in /build, where `places` are shown by their names, and `out`, which it may write.
   *
   * @throws BulkheadError BUILD_FAILED with the first error of the compiler
   */
  run(program: "gcc" | "g++", args: readonly string[], places: Places, what: string): Promise<void>;
};
type Places = Readonly<Record<string, string>> & { readonly out: string };

/** The compiler for `architecture`, among those in `compilers`. Throws BUILD_FAILED, saying how to get it. */
export async function findCompiler(
  architecture: Architecture,
  compilers = sharedCache("compilers"),
): Promise<Compiler> {
  const folder = join(compilers, `trixie-${architecture}`);
  if (!existsSync(join(folder, "version"))) {
    throw new BulkheadError("BUILD_FAILED", `there is no compiler for add-ons of ${architecture} boards`, {
      remedy: `node scripts/setup/compiler.mjs ${architecture} (270 MB; needs mmdebstrap), in the checkout of Bulkhead`,
    });
  }
  return {
    version: await readFile(join(folder, "version"), "utf8"),
    node: nodeHeaders(folder),
    async run(program, args, places, what) {
      const sandbox = sandboxOf(join(folder, "root"), places);
      const command = [`/usr/bin/${prefixes[architecture]}-${program}`, ...args];
      const { failed, stderr, shortMessage } = await execa("bwrap", [...sandbox, ...command], { reject: false });
      if (!failed) return;
      const reason = stderr.split("\n").find((line) => /error/.test(line)) ?? (stderr.split("\n")[0] || shortMessage);
      throw new BulkheadError("BUILD_FAILED", `the add-on ${what} cannot be compiled for ${architecture}: ${reason}`);
    },
  };
}

/** A board of armhf has Debian's Node 20, the others have the Node that this checkout pins. */
function nodeHeaders(folder: string): string {
  const own = join(folder, "node");
  if (existsSync(own)) return own;
  return join(bulkheadDirectory, "node_modules", `node-linux-${process.arch}`, "include/node");
}

function sandboxOf(root: string, { out, ...places }: Places): string[] {
  return [
    ...["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"],
    ...["--setenv", "PATH", "/usr/bin", "--setenv", "LC_ALL", "C.UTF-8", "--setenv", "SOURCE_DATE_EPOCH", "0"],
    ...["--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/build"],
    ...Object.entries(places).flatMap(([name, path]) => ["--ro-bind", path, `/build/${name}`]),
    ...["--bind", out, "/build/out", "--chdir", "/build"],
  ];
}
