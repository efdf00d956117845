/** A guest's system: Debian's kernel and root file system for one architecture, as files that QEMU takes. */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { type ArchiveEntry, writeArchive } from "../../studio/src/build/vm/cpio.ts";
import type { Architecture } from "./architecture.ts";
import { cached } from "./cache.ts";
import { suite, unpackDebian } from "./debian.ts";
import { makeDisk } from "./disk.ts";
import { openKernel, withKernel } from "./kernel.ts";
import type { Tools } from "./tools.ts";

/** What the specifications use, and what they look at the system with. */
const packages = [
  ...["bubblewrap", "wireguard-tools", "wireguard-go", "nftables", "iproute2", "uidmap", "util-linux", "procps"],
  ...["busybox-static", "bash", "dash", "coreutils", "mount", "kmod", "perl-base", "libc-bin", "libstdc++6", "grep"],
  ...["sed", "findutils", "tcpdump"],
  // A compiler of a megabyte, for components in C.
  ...["tcc", "libc6-dev"],
];
/** Without these a kernel of Debian does not see its disks, by PCI or on a memory card; dependencies before what needs them. */
const modules = [
  ...["virtio_blk", "gpio-mxc", "fixed", "mmc_core", "mmc_block", "sdhci", "cqhci", "sdhci-pltfm", "sdhci-esdhc-imx"],
  ...["crc32c_generic", "libcrc32c", "crc16", "mbcache", "jbd2", "ext4", "overlay"],
];
/** Those of the boards, where the kernel's package has them. */
const deviceTrees = ["freescale/imx8mm-evk.dtb", "freescale/imx8mp-evk.dtb", "imx6q-sabrelite.dtb"];

/** What would be made by the packages' own scripts, which are not run. */
const files: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/subuid": "nobody:100000:65536\n",
  "etc/subgid": "nobody:100000:65536\n",
  "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
};
const folders = ["mnt", "etc/alternatives", "var/lib", "work"];

export type System = {
  readonly kernel: string;
  readonly archive: string;
  readonly root: string;
  readonly release: string;
  /** The file of one of Debian's device trees. */
  deviceTree(name: string): string;
};

export async function openSystem(tools: Tools, architecture: Architecture): Promise<System> {
  const wanted = withKernel(architecture, [
    ...packages,
    ...(architecture.nodePackage === undefined ? [] : [architecture.nodePackage]),
    ...(architecture.morePackages ?? []),
  ]);
  const first = await readFile(join(import.meta.dirname, "inside", "first.sh"));
  const { kernelPackage, kernelSuite } = architecture;
  const recipe = {
    ...{ suite, wanted, modules, deviceTrees, files, folders },
    ...{ first: first.toString(), architecture: architecture.name },
    ...(kernelSuite !== undefined && { kernel: { kernelPackage, kernelSuite } }),
  };
  const directory = await cached(`system-${architecture.name}`, recipe, async (target) => {
    const tree = join(target, "tree");
    await unpackDebian(architecture.name, wanted, tree);
    await dress(tree, architecture);
    const { file, release } = await openKernel(architecture, tree);
    const [depmod, ...rest] = tools.command("usr/bin/kmod", "depmod");
    await execa(depmod, [...rest, "--basedir", tree, release]);
    await copyFile(file, join(target, "kernel"));
    await writeFile(join(target, "archive"), writeArchive(await firstRoot(tree, release, first)));
    await writeFile(join(target, "release"), release);
    await keepDeviceTrees(join(tree, "usr/lib", `linux-image-${release}`), target);
    await makeDisk(tools, { label: "root", from: tree, to: join(target, "root"), sizeMiB: 2048 });
    await rm(tree, { recursive: true });
  });
  const path = (name: string) => join(directory, name);
  const release = await readFile(path("release"), "utf8");
  const deviceTree = (name: string) => path(basename(name));
  return { kernel: path("kernel"), archive: path("archive"), root: path("root"), release, deviceTree };
}

async function keepDeviceTrees(from: string, to: string): Promise<void> {
  for (const name of deviceTrees) {
    if (existsSync(join(from, name))) await copyFile(join(from, name), join(to, basename(name)));
  }
}

async function dress(tree: string, architecture: Architecture): Promise<void> {
  for (const path of folders) await mkdir(join(tree, path), { recursive: true });
  await rm(join(tree, "var/run"), { recursive: true, force: true });
  await symlink("/run", join(tree, "var/run"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  if (architecture.nodePackage !== undefined) return;
  const pinned = `/work/node_modules/node-linux-${architecture.cpu}/bin/node`;
  await mkdir(join(tree, "usr/local/bin"), { recursive: true });
  await symlink(pinned, join(tree, "usr/local/bin/node"));
}

async function firstRoot(tree: string, release: string, first: Buffer): Promise<ArchiveEntry[]> {
  const found = await findModules(join(tree, "usr/lib/modules", release));
  const folders = ["bin", "modules"].map((path): ArchiveEntry => ({ path, content: null }));
  const order = Buffer.from(`${found.map(({ name }) => name).join("\n")}\n`);
  return [
    ...folders,
    { path: "init", content: first },
    { path: "bin/busybox", content: await readFile(join(tree, "usr/bin/busybox")) },
    { path: "modules/order", content: order },
    ...found.map(({ name, content }): ArchiveEntry => ({ path: `modules/${name}`, content })),
  ];
}

/** Those of `modules` that are not built into this kernel, unpacked: busybox loads them as they are. */
async function findModules(folder: string): Promise<{ name: string; content: Buffer }[]> {
  const all = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith(".ko.xz"));
  const found: { name: string; content: Buffer }[] = [];
  for (const name of modules) {
    // The kernel itself does not tell the two signs apart.
    const file = all.find((path) => basename(path, ".ko.xz").replaceAll("-", "_") === name.replaceAll("-", "_"));
    if (file === undefined) continue;
    const { stdout } = await execa("xz", ["--decompress", "--stdout", join(folder, file)], { encoding: "buffer" });
    found.push({ name, content: Buffer.from(stdout) });
  }
  return found;
}
