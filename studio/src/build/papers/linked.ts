/**
 * What compilers put into a static program beside its sources: the C library, the compiler's own, the standard library of Rust. They are this
 * machine's, so they are told by the Debian packages that have them; of a library of another origin nothing is known.
 */
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Architecture, cCompiler, rustTarget } from "../native/toolchain.ts";

export type LinkedPackage = { readonly name: string; readonly version: string; readonly purl: string };

const archives = ["libc.a", "libgcc.a", "libgcc_eh.a"];

/** Of the component in `folder`, which is of C or Rust. In the order of their names. */
export async function linkedPackages(folder: string, architecture: Architecture): Promise<LinkedPackage[]> {
  const gcc = await cCompiler(architecture);
  const files = await Promise.all(archives.map((archive) => printed(gcc, [`-print-file-name=${archive}`])));
  const rust = existsSync(join(folder, "main.rs")) ? await rustLibrary(architecture) : [];
  const debian = await Promise.all(files.map((file) => debianPackage(file)));
  const all = new Map([...debian.flat(), ...rust].map((one) => [one.purl, one]));
  return [...all.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

async function debianPackage(file: string): Promise<LinkedPackage[]> {
  // A compiler that has no such archive repeats the name.
  if (!file.startsWith("/")) return [];
  const owner = /^([a-z0-9.+-]+(?::[a-z0-9]+)?): /.exec(await printed("dpkg-query", ["-S", await realpath(file)]))?.[1];
  if (owner === undefined) return [];
  // `name:architecture`, where packages of several can be installed, else the name alone.
  const [named = "", version] = (await printed("dpkg-query", ["-W", owner])).split("\t");
  const [name = "", architecture] = named.split(":");
  if (version === undefined) return [];
  const where = architecture === undefined ? "" : `?arch=${architecture}`;
  return [{ name, version, purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}${where}` }];
}

async function rustLibrary(architecture: Architecture): Promise<LinkedPackage[]> {
  const target = await rustTarget(architecture);
  const version = /^rustc (\S+)/.exec(await printed("rustc", ["--version"]))?.[1];
  if (version === undefined) return [];
  return [{ name: "rust-std", version, purl: `pkg:generic/rust-std@${encodeURIComponent(version)}?target=${target}` }];
}

/** What a program prints; nothing where it is not there, or does not know. */
async function printed(program: string, args: readonly string[]): Promise<string> {
  const { stdout, failed } = await execa(program, args, { reject: false, env: { LC_ALL: "C" } });
  return failed ? "" : stdout.trim();
}
