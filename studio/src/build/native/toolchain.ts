/** Compilers by processor: the one of this machine, or Debian's cross compiler for another board. */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";

export type Architecture = "x64" | "arm64" | "armhf";

type Target = { readonly prefix: string; readonly debian: string; readonly rust: string };

const targets: Readonly<Record<Architecture, Target>> = {
  x64: { prefix: "x86_64-linux-gnu", debian: "x86-64-linux-gnu", rust: "x86_64-unknown-linux-gnu" },
  arm64: { prefix: "aarch64-linux-gnu", debian: "aarch64-linux-gnu", rust: "aarch64-unknown-linux-gnu" },
  armhf: { prefix: "arm-linux-gnueabihf", debian: "arm-linux-gnueabihf", rust: "armv7-unknown-linux-gnueabihf" },
};

const own: Architecture | undefined = ({ x64: "x64", arm64: "arm64", arm: "armhf" } as const)[
  process.arch as "x64" | "arm64" | "arm"
];

/** The processor to build for: that of the board, or this machine's where the board is any. */
export function architectureOf(board: "x64" | "arm64" | "armhf" | "any"): Architecture {
  const architecture = board === "any" ? own : board;
  if (architecture) return architecture;
  throw new BulkheadError("BUILD_FAILED", `native components cannot be built for a ${process.arch} host's own board`, {
    remedy: "name a board whose architecture is x64, arm64 or armhf",
  });
}

/** The C compiler that makes programs for `architecture`. Throws MISSING_PROGRAM, naming Debian's package. */
export async function cCompiler(architecture: Architecture): Promise<string> {
  const { prefix, debian } = targets[architecture];
  const candidates = [`${prefix}-gcc`, ...(architecture === own ? ["gcc"] : [])];
  for (const candidate of candidates) if (await runs(candidate, ["--version"])) return candidate;
  const packages = architecture === own ? "gcc libc6-dev" : `gcc-${debian}`;
  throw new BulkheadError("MISSING_PROGRAM", `there is no C compiler for ${architecture}`, {
    remedy: `apt-get install ${packages}`,
  });
}

/** rustc's name for `architecture`. Throws MISSING_PROGRAM where rustc or its standard library for it is not there. */
export async function rustTarget(architecture: Architecture): Promise<string> {
  const { rust } = targets[architecture];
  const { stdout, failed } = await execa("rustc", ["--print", "target-libdir", "--target", rust], { reject: false });
  if (failed) {
    throw new BulkheadError("MISSING_PROGRAM", "there is no Rust compiler", { remedy: "apt-get install rustc" });
  }
  if (await runs("test", ["-d", stdout.trim()])) return rust;
  throw new BulkheadError("MISSING_PROGRAM", `rustc has no standard library for ${architecture}`, {
    remedy: `apt-get install libstd-rust-dev:<architecture>, or rustup target add ${rust}`,
  });
}

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  const { failed } = await execa(program, args, { reject: false });
  return !failed;
}
