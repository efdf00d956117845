/** A Linux that is not ours, with a kernel of its own and Debian's sshd, in QEMU: what a station's shell sees of a board that is reset. */
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { makeDisk } from "../../../hardware-in-loop/emulated/disk.ts";
import { openTools } from "../../../hardware-in-loop/emulated/tools.ts";
import { writeArchive } from "../../../studio/src/build/vm/cpio.ts";
import { findModules } from "../../../studio/src/image/root/initramfs.ts";

/** By this machine's processor: Debian's kernel for it, and QEMU's machine. */
const machines: Readonly<
  Record<string, { kernel: string; emulator: string; machine: readonly string[]; console: string }>
> = {
  x64: { kernel: "linux-image-amd64", emulator: "usr/bin/qemu-system-x86_64", machine: ["-M", "pc"], console: "ttyS0" },
  arm64: {
    kernel: "linux-image-arm64",
    emulator: "usr/bin/qemu-system-aarch64",
    machine: ["-M", "virt", "-cpu", "cortex-a72"],
    console: "ttyAMA0",
  },
};
const modules = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "virtio_net"];

const first = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done </modules/order
until [ -b /dev/vda ]; do sleep 0.1; done
mount -t ext4 -o ro /dev/vda /root
for place in proc dev; do mount --move "/$place" "/root/$place"; done
exec switch_root /root /bin/bash /second
`;
const second = `export PATH=/usr/sbin:/usr/bin
busybox mkdir -p /dev/pts
busybox mount -t devpts devpts /dev/pts
for place in /run /tmp; do busybox mount -t tmpfs tmpfs $place; done
busybox mkdir -m 0755 /run/sshd
busybox ip link set lo up
busybox ip link set eth0 up
busybox ip address add 10.0.2.15/24 dev eth0
busybox ip route add default via 10.0.2.2
/usr/sbin/sshd -D -e -f /etc/sshd
`;
const config = `HostKey /etc/host-key
AuthorizedKeysFile /etc/authorized
PidFile none
UsePAM no
PasswordAuthentication no
PerSourcePenalties no
`;

export type Linux = {
  start(): void;
  cut(): Promise<void>;
  /** It stands still: its connections stay, and nothing of it answers. */
  standStill(isStill: boolean): void;
  console(): string;
};

/** In `directory`; its sshd has `hostKey`, takes who has `authorized`, and is at `port` of this machine's loopback. */
export async function makeLinux(
  directory: string,
  { hostKey, authorized, port }: { hostKey: string; authorized: string; port: number },
): Promise<Linux> {
  const machine = machines[process.arch];
  if (machine === undefined) throw new Error(`no such machine on ${process.arch}`);
  const tools = await openTools();
  const debian = await openTools(["openssh-server", "bash", "coreutils", "busybox-static", machine.kernel]);
  const [release = ""] = await readdir(debian.path("usr/lib/modules"));
  const path = (name: string) => join(directory, name);
  await makeTree(path("tree"), debian.path("usr"), { hostKey, authorized });
  await makeDisk(tools, { label: "root", from: path("tree"), to: path("root"), sizeMiB: 512 });
  const found = await findModules(debian.path(`usr/lib/modules/${release}`), modules);
  const archive = writeArchive([
    ...["bin", "dev", "proc", "root", "modules"].map((name) => ({ path: name, content: null })),
    { path: "init", content: Buffer.from(first) },
    { path: "bin/busybox", content: await readFile(debian.path("usr/bin/busybox")) },
    ...found.map(({ name, content }) => ({ path: `modules/${name}.ko`, content })),
    { path: "modules/order", content: Buffer.from(found.map(({ name }) => `${name}.ko\n`).join("")) },
  ]);
  await writeFile(path("archive"), archive);
  const [program, ...rest] = tools.command(machine.emulator);
  const args = [
    ...[...rest, "-L", tools.path("usr/share/qemu"), "-L", tools.path("usr/share/seabios"), ...machine.machine],
    ...["-accel", "tcg", "-nodefaults", "-nographic", "-smp", "2", "-m", "512", "-serial", "stdio"],
    ...["-kernel", debian.path(`boot/vmlinuz-${release}`), "-initrd", path("archive")],
    ...["-append", `console=${machine.console} quiet net.ifnames=0 panic=1 reboot=t`],
    ...[
      "-drive",
      `if=none,id=root,format=raw,readonly=on,file=${path("root")}`,
      "-device",
      "virtio-blk-pci,drive=root",
    ],
    ...["-netdev", `user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
    ...["-device", "virtio-net-pci,netdev=n,romfile=", "-device", "virtio-rng-pci"],
  ];
  let running: ReturnType<typeof startQemu> | undefined;
  let said = "";
  return {
    start() {
      running = startQemu(program, args);
      running.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    },
    async cut() {
      running?.kill("SIGKILL");
      await running;
    },
    standStill: (isStill) => void running?.kill(isStill ? "SIGSTOP" : "SIGCONT"),
    console: () => said,
  };
}

function startQemu(program: string, args: readonly string[]) {
  return execa("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], { reject: false, buffer: false, stderr: 1 });
}

async function makeTree(tree: string, usr: string, keys: { hostKey: string; authorized: string }): Promise<void> {
  const isWanted = (file: string) => !/^\/(share|lib\/(modules|firmware|systemd))(\/|$)/.test(file.slice(usr.length));
  await cp(usr, join(tree, "usr"), { recursive: true, verbatimSymlinks: true, filter: isWanted });
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(tree, name));
  for (const name of ["etc", "proc", "dev", "run", "tmp", "root"]) await mkdir(join(tree, name));
  const files: Readonly<Record<string, string>> = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/sshd": config,
    second,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text);
  await cp(keys.hostKey, join(tree, "etc/host-key"));
  await chmod(join(tree, "etc/host-key"), 0o600);
  await cp(keys.authorized, join(tree, "etc/authorized"));
}
