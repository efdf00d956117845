/** Runs one command in a guest: boots it, shows what the command says, and ends it when it ends or hangs. */
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { writeArchive } from "../../studio/src/build/vm/cpio.ts";
import type { Architecture } from "./architecture.ts";
import { makeCheckout, openModules } from "./checkout.ts";
import { openSystem } from "./system.ts";
import { openTools, type Tools } from "./tools.ts";

export type GuestCommand = {
  readonly architecture: Architecture;
  readonly argv: readonly string[];
  readonly processors: number;
  readonly memoryMiB: number;
  /** Of the emulator on the host (nice(1)), for a guest whose time is measured; 0: as everybody. */
  readonly nice: number;
  /** Wall time after which the guest is taken to hang. */
  readonly boundMs: number;
  onOutput(text: string): void;
};

export type GuestOutcome = {
  /** null where the guest ended, or was ended, without saying how its command did. */
  readonly exitCode: number | null;
  readonly output: string;
  /** What the command left in /run/report. */
  readonly report: string;
  /** The kernel's last lines, for where there is nothing else to look at. */
  readonly console: string;
  readonly kernel: string;
  readonly wallMs: number;
};

export async function runInGuest(command: GuestCommand): Promise<GuestOutcome> {
  const tools = await openTools();
  const system = await openSystem(tools, command.architecture);
  const modules = await openModules(tools, command.architecture);
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-guest-"));
  try {
    const checkout = await makeCheckout(tools, directory, command.architecture.moreFolders);
    const disks = { root: system.root, modules, checkout };
    const archive = join(directory, "archive");
    // The kernel unpacks archives one after the other.
    const wish = writeArchive([{ path: "command", content: Buffer.from(command.argv.map(quote).join(" ")) }]);
    await writeFile(archive, Buffer.concat([await readFile(system.archive), wish]));
    const boot = ["-kernel", system.kernel, "-initrd", archive];
    return { ...(await runMachine(command, tools, directory, boot, disks)), kernel: system.release };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

type Disks = Readonly<Record<string, string>>;

async function runMachine(
  { architecture, processors, memoryMiB, nice, boundMs, onOutput }: GuestCommand,
  tools: Tools,
  directory: string,
  boot: readonly string[],
  disks: Disks,
): Promise<Omit<GuestOutcome, "kernel">> {
  const file = (name: string) => join(directory, name);
  const output = await openPort(file("output"), onOutput);
  const status = await openPort(file("status"), () => undefined);
  const startMs = performance.now();
  const firmware = ["usr/share/qemu", "usr/share/seabios", "usr/lib/ipxe/qemu"];
  const qemu = tools.command(`usr/bin/${architecture.qemu}`);
  const args = [
    ...firmware.flatMap((path) => ["-L", tools.path(path)]),
    ...architecture.machine,
    ...["-accel", "tcg,thread=multi", "-smp", `${processors}`, "-m", `${memoryMiB}`],
    ...["-nodefaults", "-nographic", "-no-reboot", "-serial", `file:${file("console")}`],
    ...[...boot, "-append", `console=${architecture.console} panic=-1 quiet`],
    ...Object.entries(disks).flatMap(([name, path]) => drive(name, path)),
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"],
    ...["output", "status"].flatMap((name) => port(name, file(name))),
  ];
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", "nice", "-n", `${nice}`, ...qemu, ...args], {
    ...quietly,
    // A session of its own, which has a niceness of its own (sched(7), "The autogroup feature").
    detached: true,
    timeout: boundMs,
  });
  await writeFile(`/proc/${child.pid}/autogroup`, `${nice}`).catch(() => undefined);
  const { stderr, timedOut } = await child;
  for (const { server } of [output, status]) server.close();
  const [exitCode = "", ...report] = status.text().split("\n");
  const kernelText = (await readFile(file("console"), "utf8").catch(() => "")).slice(-consoleTail);
  return {
    exitCode: /^\d+$/.test(exitCode) ? Number(exitCode) : null,
    output: output.text(),
    report: report.join("\n"),
    console: [kernelText, stderr, timedOut ? `ended after ${boundMs} ms` : ""].join("\n").trim(),
    wallMs: performance.now() - startMs,
  };
}

const consoleTail = 4000;
const quietly = { reject: false, stdin: "ignore", forceKillAfterDelay: 1000 } as const;

function drive(name: string, path: string): string[] {
  const backend = `if=none,id=${name},format=raw,readonly=on,file=${path}`;
  return ["-drive", backend, "-device", `virtio-blk-pci,drive=${name},serial=${name}`];
}

function port(name: string, path: string): string[] {
  const device = `virtserialport,chardev=${name},name=bulkhead.${name}`;
  return ["-chardev", `socket,id=${name},path=${path}`, "-device", device];
}

type Port = { readonly server: Server; text(): string };

/** QEMU connects to it as soon as it starts. */
async function openPort(path: string, onText: (text: string) => void): Promise<Port> {
  let text = "";
  const server = createServer((socket: Socket) => {
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      onText(chunk);
    });
  });
  server.listen(path);
  await once(server, "listening");
  return { server, text: () => text };
}

/** For the guest's shell, which sees the command as one line. */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
