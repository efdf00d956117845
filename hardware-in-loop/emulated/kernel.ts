/** The kernel of a guest, with its modules in the guest's root file system: trixie's, or that of another suite. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "./architecture.ts";
import { suite, unpackDebian } from "./debian.ts";

export type Kernel = { readonly file: string; readonly release: string };

/** Which packages `tree` is to be unpacked from, given those that the guest needs beside its kernel. */
export function withKernel({ kernelPackage, kernelSuite }: Architecture, packages: readonly string[]): string[] {
  return kernelSuite === undefined ? [kernelPackage, ...packages] : [...packages];
}

/** Finds the kernel of the unpacked `tree`, or brings it there. */
export async function openKernel(architecture: Architecture, tree: string): Promise<Kernel> {
  const { name, kernelPackage, kernelSuite = suite } = architecture;
  const modules = join(tree, "usr/lib/modules");
  if (kernelSuite !== suite) {
    // In a tree of its own: libraries of two suites do not mix.
    const other = `${tree}.kernel`;
    await unpackDebian(name, [kernelPackage], other, kernelSuite);
    await mkdir(join(tree, "usr/lib"), { recursive: true });
    await rename(join(other, "usr/lib/modules"), modules);
    await rm(other, { recursive: true });
  }
  const [release] = await readdir(modules);
  if (release === undefined) throw new Error(`${kernelPackage} of ${kernelSuite} has no modules`);
  const boot = join(tree, "boot", `vmlinuz-${release}`);
  // Debian's kernels since 7 lie beside their modules.
  const isBeside = (await readdir(join(modules, release))).includes("vmlinuz");
  return { file: isBeside ? join(modules, release, "vmlinuz") : boot, release };
}
