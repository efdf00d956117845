/** An emulated board that starts from an image, through the boot loader, as a real one does; and what is done to its disk while it is off. */
import { copyFile, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRecord, type SlotRecord } from "@bulkhead/runtime";
import { execa } from "execa";
import { openTools } from "../../../hardware-in-loop/emulated/tools.ts";
import { flash as writeImage } from "../../../studio/src/flash/flash.ts";
import { openImage } from "../../../studio/src/flash/image.ts";
import { inspectTarget } from "../../../studio/src/flash/target.ts";
import { openBuilder } from "../../../studio/src/image/builder.ts";
import { type PartitionName, partition } from "../../../studio/src/image/disk/layout.ts";
import { readRecipe } from "../../../studio/src/image/packages/recipe.ts";
import { recipeDir } from "../../../studio/src/image/places.ts";

/** As large as a small card: the board makes its data partition in what the image leaves. */
const cardBytes = 1024 * 1024 * 1024;
/** What the machine has in place of the boot loader's flash. */
const flashBytes = 64 * 1024 * 1024;
/** On an idle machine of two cores a whole start takes a minute. */
const patienceMs = 15 * 60_000;

/** By the board that an image is for: the program of QEMU's that emulates it, and what it is told. */
const machines = {
  "qemu-virt-arm64": {
    program: "usr/bin/qemu-system-aarch64",
    machine: "virt",
    processor: "cortex-a72",
    memory: "1024",
  },
  // A 32-bit boot loader reaches no bus above 4 GiB.
  "qemu-virt-arm": {
    program: "usr/bin/qemu-system-arm",
    machine: "virt,highmem=off",
    processor: "cortex-a15",
    memory: "512",
  },
} as const;
export type EmulatedBoard = keyof typeof machines;

export type Machine = {
  /** Waits until the console's text from `from` on (default: the beginning of this start) has it; returns its match and where that ends. */
  until(pattern: RegExp, from?: number): Promise<{ match: RegExpExecArray; end: number }>;
  type(line: string): void;
  console(): string;
  /** Pulls the plug. */
  cut(): Promise<void>;
};

export type Card = {
  start(): Promise<Machine>;
  /** Puts bytes at the beginning of a partition, or `at` bytes behind it. */
  write(name: PartitionName, bytes: Buffer, at?: number): Promise<void>;
  /** What begins the partition. */
  read(name: PartitionName, sizeBytes: number): Promise<Buffer>;
  copy(from: PartitionName, to: PartitionName): Promise<void>;
  /** Adds words to the kernel's command line of a slot. */
  addWords(slot: "a" | "b", words: string): Promise<void>;
  setRecord(record: SlotRecord): Promise<void>;
  remove(): Promise<void>;
};

/** A card with the image in `directory`, whose files are called `name`, as `bulkhead flash` writes it; and the machine that starts from it. */
export async function makeCard(
  directory: string,
  identity: Buffer,
  board: EmulatedBoard = "qemu-virt-arm64",
  name: string = board,
): Promise<Card> {
  const place = await mkdtemp(join(tmpdir(), "bulkhead-card-"));
  const disk = join(place, "card.img");
  const flash = join(place, "flash");
  await writeFile(disk, "");
  await truncate(disk, cardBytes);
  await flashCard(join(directory, `${name}.img`), disk, identity);
  await copyFile(join(directory, `${name}.u-boot.bin`), flash);
  await truncate(flash, flashBytes);
  const card: Card = {
    start: () =>
      emulate(board, [
        ...["-drive", `if=pflash,format=raw,file=${flash}`],
        ...["-drive", `if=none,id=card,format=raw,file=${disk}`, "-device", "virtio-blk-pci,drive=card"],
      ]),
    async write(name, bytes, at = 0) {
      const file = await open(disk, "r+");
      await file.write(bytes, 0, bytes.length, partition(name).startBytes + at).finally(() => file.close());
    },
    async read(name, sizeBytes) {
      const file = await open(disk, "r");
      const bytes = Buffer.alloc(sizeBytes);
      await file.read(bytes, 0, sizeBytes, partition(name).startBytes).finally(() => file.close());
      return bytes;
    },
    async copy(from, to) {
      const [source, target] = [partition(from), partition(to)];
      const block = 1024 * 1024;
      const where = [
        `skip=${source.startBytes / block}`,
        `seek=${target.startBytes / block}`,
        `count=${source.sizeBytes / block}`,
      ];
      await execa("dd", [`if=${disk}`, `of=${disk}`, `bs=${block}`, "conv=notrunc,sparse", "status=none", ...where]);
    },
    addWords: (slot, words) => addWords(disk, place, slot, words),
    async setRecord(record) {
      await card.write("state-0", encodeRecord(record));
      await card.write("state-1", Buffer.alloc(512));
    },
    remove: () => rm(place, { recursive: true, force: true }),
  };
  return card;
}

async function flashCard(file: string, disk: string, identity: Buffer): Promise<void> {
  const image = await openImage(file);
  const onProgress = () => undefined;
  await writeImage({ image, target: await inspectTarget(disk), identity: async () => identity, onProgress }).finally(
    () => image.handle.close(),
  );
}

async function addWords(disk: string, place: string, slot: "a" | "b", words: string): Promise<void> {
  const builder = await openBuilder(await readRecipe(), place, recipeDir, 0);
  const fat = `card.img@@${partition(`boot-${slot}`).startBytes}`;
  if (disk !== join(place, "card.img")) throw new TypeError(`${disk} is not below ${place}`);
  await builder.run("mcopy", ["-n", "-o", "-i", fat, "::/slot.env", "slot.env"]);
  const text = (await readFile(join(place, "slot.env"), "utf8")).trim();
  await writeFile(join(place, "slot.env"), `${text} ${words}\n`);
  await builder.run("mcopy", ["-o", "-i", fat, "slot.env", "::/slot.env"]);
}

/** Starts what `boot` says: its disks, and what they are started by. */
export async function emulate(board: EmulatedBoard, boot: readonly string[]): Promise<Machine> {
  const tools = await openTools();
  const { program: emulator, machine: kind, processor, memory } = machines[board];
  const [program, ...rest] = tools.command(emulator);
  const machine = [
    ...["-M", kind, "-cpu", processor, "-smp", "2", "-m", memory],
    ...["-accel", "tcg,thread=multi", "-nodefaults"],
  ];
  const devices = [
    ...boot,
    ...["-netdev", "user,id=uplink", "-device", "virtio-net-pci,netdev=uplink,romfile="],
    ...["-device", "i6300esb", "-device", "virtio-rng-pci"],
  ];
  const args = [...rest, "-L", tools.path("usr/share/qemu"), ...machine, "-nographic", "-serial", "stdio", ...devices];
  const child = execa("setpriv", ["--pdeathsig", "KILL", "--", program, ...args], {
    reject: false,
    buffer: false,
    stderr: "inherit",
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    process.stderr.write(chunk);
  });
  return {
    async until(pattern, from = 0) {
      const endMs = performance.now() + patienceMs;
      for (;;) {
        const match = pattern.exec(text.slice(from));
        if (match !== null) return { match, end: from + match.index + match[0].length };
        if (performance.now() > endMs)
          throw new Error(`waited in vain for ${pattern}; the last of it: ${text.slice(-2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    type: (line) => child.stdin.write(`${line}\n`),
    console: () => text,
    async cut() {
      child.kill("SIGKILL");
      await child;
    },
  };
}
