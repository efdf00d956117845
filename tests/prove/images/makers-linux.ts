/**
 * A board that runs a Linux which is not ours: a plain Debian with systemd, which stands for a maker's. What is handed over lies on a second disk; a
 * unit does there what a person would. QEMU loads its kernel.
 */
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { cached } from "../../../hardware-in-loop/emulated/cache.ts";
import { suite, unpackDebian } from "../../../hardware-in-loop/emulated/debian.ts";
import { makeDisk } from "../../../hardware-in-loop/emulated/disk.ts";
import { openTools } from "../../../hardware-in-loop/emulated/tools.ts";
import { writeArchive } from "../../../studio/src/build/vm/cpio.ts";
import { recipeDir } from "../../../studio/src/image/places.ts";
import { findModules } from "../../../studio/src/image/root/initramfs.ts";
import { emulate, type Machine } from "./machine.ts";

/** No bubblewrap, no Node, no nftables, no WireGuard's tools: what Bulkhead needs it brings. */
const packages = [
  ...["linux-image-arm64", "systemd", "systemd-sysv", "udev", "kmod", "coreutils", "bash", "dash", "mount"],
  ...["util-linux", "iproute2", "tar", "xz-utils", "libc-bin", "base-files", "busybox-static", "e2fsprogs"],
];
const first = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done </modules/order
until [ -b /dev/vda ]; do sleep 0.1; done
mount -t ext4 /dev/vda /root
for place in proc sys dev; do mount --move "/$place" "/root/$place"; done
exec switch_root /root /usr/lib/systemd/systemd
`;
const unit = (lines: readonly string[]) =>
  ["[Service]", "Type=oneshot", "RemainAfterExit=yes", ...lines, ""].join("\n");
const units: Readonly<Record<string, string>> = {
  "wire.service": [
    "[Unit]",
    "Requires=sys-subsystem-net-devices-eth0.device",
    "After=sys-subsystem-net-devices-eth0.device",
    unit([
      "ExecStart=/usr/bin/ip link set eth0 up",
      "ExecStart=/usr/bin/ip address add 10.0.2.15/24 dev eth0",
      "ExecStart=/usr/bin/ip route add default via 10.0.2.2",
    ]),
  ].join("\n"),
  "handover.service": [
    "[Unit]",
    "After=wire.service",
    "ConditionPathExists=!/opt/bulkhead",
    unit([
      "StandardOutput=journal+console",
      "StandardError=journal+console",
      "ExecStart=/usr/bin/mkdir /run/handover",
      "ExecStart=/usr/bin/mount -o ro /dev/vdb /run/handover",
      "ExecStart=/usr/bin/tar -xf /run/handover/bulkhead.tar.xz -C /opt",
      "ExecStart=/usr/bin/echo handed over",
      // Without an identity it must refuse, and say so.
      "ExecStart=-/opt/bulkhead/install",
      "ExecStart=/opt/bulkhead/install --identity /run/handover/identity",
    ]),
  ].join("\n"),
};

export type MakersBoard = {
  start(): Promise<Machine>;
  remove(): Promise<void>;
};

/** With `archive` (what `buildArchive` made) and an identity to be handed over. */
export async function makeMakersBoard(archive: string, identity: Buffer): Promise<MakersBoard> {
  const tools = await openTools();
  const linux = await openLinux();
  const place = await mkdtemp(join(tmpdir(), "bulkhead-makers-"));
  const path = (name: string) => join(place, name);
  await execa("cp", ["--sparse=always", join(linux, "root"), path("root")]);
  await mkdir(path("handover"));
  await copyFile(archive, path("handover/bulkhead.tar.xz"));
  await writeFile(path("handover/identity"), identity, { mode: 0o600 });
  await makeDisk(tools, { label: "handover", from: path("handover"), to: path("handover.img"), sizeMiB: 256 });
  const disks = ["root", "handover.img"].flatMap((name, index) => [
    ...["-drive", `if=none,id=disk${index},format=raw,file=${path(name)}`],
    ...["-device", `virtio-blk-pci,drive=disk${index}`],
  ]);
  const words =
    "console=ttyAMA0 quiet net.ifnames=0 systemd.debug_shell=ttyAMA0 systemd.show_status=no systemd.getty_auto=no panic=5";
  const boot = ["-kernel", join(linux, "kernel"), "-initrd", join(linux, "archive"), "-append", words];
  return {
    start: () => emulate("qemu-virt-arm64", [...boot, ...disks]),
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

function openLinux(): Promise<string> {
  const recipe = { suite, packages, first, units, version: 1 };
  return cached("makers-linux-arm64", recipe, async (target) => {
    const tree = join(target, "tree");
    await unpackDebian("arm64", packages, tree);
    for (const name of ["passwd", "group", "shadow", "nsswitch.conf", "hosts", "hostname", "machine-id"])
      await cp(join(recipeDir, "root/etc", name), join(tree, "etc", name));
    await writeFile(join(tree, "etc/resolv.conf"), "nameserver 10.0.2.3\n");
    for (const name of ["opt", "tmp", "var/tmp"]) await mkdir(join(tree, name), { recursive: true });
    const wants = join(tree, "etc/systemd/system/multi-user.target.wants");
    await mkdir(wants, { recursive: true });
    for (const [name, content] of Object.entries(units)) {
      await writeFile(join(tree, "etc/systemd/system", name), content);
      await symlink(`../${name}`, join(wants, name));
    }
    await symlink("/usr/lib/systemd/system/multi-user.target", join(tree, "etc/systemd/system/default.target"));
    const [release = ""] = await readdir(join(tree, "usr/lib/modules"));
    const tools = await openTools();
    const [depmod, ...rest] = tools.command("usr/bin/kmod", "depmod");
    await execa(depmod, [...rest, "--basedir", tree, release]);
    await copyFile(join(tree, "boot", `vmlinuz-${release}`), join(target, "kernel"));
    await writeFile(join(target, "archive"), await firstArchive(tree, release));
    await makeDisk(tools, { label: "root", from: tree, to: join(target, "root"), sizeMiB: 3072 });
    await rm(tree, { recursive: true });
  });
}

async function firstArchive(tree: string, release: string): Promise<Buffer> {
  const modules = await findModules(join(tree, "usr/lib/modules", release), ["virtio_blk", "crc32c_generic", "ext4"]);
  const folders = ["bin", "dev", "proc", "sys", "root", "modules"];
  return writeArchive([
    ...folders.map((path) => ({ path, content: null })),
    { path: "init", content: Buffer.from(first) },
    { path: "bin/busybox", content: await readFile(join(tree, "usr/bin/busybox")) },
    ...modules.map(({ name, content }) => ({ path: `modules/${name}.ko`, content })),
    { path: "modules/order", content: Buffer.from(modules.map(({ name }) => `${name}.ko\n`).join("")) },
  ]);
}
