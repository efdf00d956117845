/**
 * A board whose kernel comes from its maker: an image with what a board support package brings, and an archive on the maker's Linux. No maker's files
 * are at hand: Debian's kernel stands for theirs, and a plain Debian for their Linux.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBoard } from "@bulkhead/protocol/manifest";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { buildArchive } from "../../../studio/src/image/archive.ts";
import { type Buildable, buildableOf } from "../../../studio/src/image/board.ts";
import { buildImage } from "../../../studio/src/image/build.ts";
import { lockedPart, readLock } from "../../../studio/src/image/packages/lock.ts";
import { fillPool, poolFile } from "../../../studio/src/image/packages/pool.ts";
import { listen } from "./gateway.ts";
import { makeIdentity } from "./identity.ts";
import { makeCard } from "./machine.ts";
import { makeMakersBoard } from "./makers-linux.ts";

const repository = join(import.meta.dirname, "../../..");
const manifests = join(repository, "manifests");
const ready = /generation \d+: all components are ready/;
const dateS = 1_760_000_000;

let directory: string;
let folder: string;
let buildable: Buildable;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-maker-"));
  await mkdir(join(repository, ".cache"), { recursive: true });
  folder = await mkdtemp(join(repository, ".cache", "maker-"));
  buildable = await writeSystem(folder);
});
afterAll(async () => {
  for (const one of [directory, folder]) await rm(one, { recursive: true, force: true });
});

/** The beacon for a Portenta X8, with what QEMU's `virt` has in the place of its console, disk and boot loader, and its patience. */
async function writeSystem(place: string): Promise<Buildable> {
  await cp(join(manifests, "beacon"), place, { recursive: true });
  const text = await readFile(join(place, "manifest.yaml"), "utf8");
  await writeFile(join(place, "manifest.yaml"), text.replace(/^board: .*$/m, "board: portenta-x8"));
  const [maker, virt] = await Promise.all(
    ["portenta-x8", "qemu-virt-arm64"].map(async (name) =>
      parse(await readFile(join(manifests, "boards", `${name}.yaml`), "utf8")),
    ),
  );
  const { console, modules, "boot-loader": loader } = virt.image;
  const image = { ...maker.image, console, modules, "boot-loader": loader };
  // JSON is YAML.
  const board = JSON.stringify({ ...maker, pace: virt.pace, image });
  const file = join(place, "boards", "portenta-x8.yaml");
  await mkdir(join(place, "boards"), { recursive: true });
  await writeFile(file, board);
  const parsed = parseBoard({ file, text: board });
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return buildableOf(parsed.board, { kernel: true });
}

/** Debian's kernel and modules as the folder that a maker gives, with a file of firmware. */
async function writeSupport(place: string): Promise<{ bsp: string; release: string }> {
  const [kernel] = lockedPart(await readLock("arm64"), "linux-image-arm64");
  if (kernel === undefined) throw new Error("no kernel is locked");
  await fillPool({ suite: "trixie", architecture: "arm64" }, [kernel]);
  const unpacked = join(place, "unpacked");
  await mkdir(unpacked);
  await execa("dpkg-deb", ["--extract", poolFile(kernel), unpacked]);
  const [release = ""] = await readdir(join(unpacked, "usr/lib/modules"));
  const bsp = join(place, "bsp");
  await cp(join(unpacked, "usr/lib/modules"), join(bsp, "modules"), { recursive: true });
  await cp(join(unpacked, "boot", `vmlinuz-${release}`), join(bsp, "kernel"));
  await mkdir(join(bsp, "firmware/maker"), { recursive: true });
  await writeFile(join(bsp, "firmware/maker/companion.bin"), "of the maker\n");
  // Hundreds of drivers that no board of this kind has would not fit a slot.
  for (const part of ["drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/staging", "sound"])
    await rm(join(bsp, "modules", release, "kernel", part), { recursive: true, force: true });
  return { bsp, release };
}

const common = () => ({ board: buildable, manifest: join(folder, "manifest.yaml"), dateS });
const onStep = (step: string) => void process.stderr.write(`${step}\n`);

test("[K18] an image with a maker's kernel has it, names each file in its papers, and starts to all components ready", async () => {
  const { bsp, release } = await writeSupport(directory);
  const outDir = join(directory, "image");
  const { files } = await buildImage({ ...common(), bsp, outDir, onStep });
  expect(files.map(({ name }) => name)).toContain("portenta-x8.img");
  const provenance = await readFile(join(outDir, "portenta-x8.provenance.json"), "utf8");
  expect(provenance).toContain('"bsp/kernel"');
  expect(provenance).not.toContain("pkg:deb/debian/linux-image");
  const card = await makeCard(outDir, await makeIdentity(), "qemu-virt-arm64", "portenta-x8");
  onTestFinished(() => card.remove());
  await card.addWords("a", "systemd.debug_shell=ttyAMA0");
  const machine = await card.start();
  onTestFinished(() => machine.cut());
  await machine.until(/this board begins with beacon 1\.0\.0/);
  const { end } = await machine.until(ready);
  machine.type("cat /usr/lib/firmware/maker/companion.bin /proc/sys/kernel/osrelease");
  const { match } = await machine.until(/of the maker\s+(\S+)/, end);
  expect(match[1]).toBe(release);
});

test("[K18] an archive on a maker's Linux is installed by its one program, gets its identity and its first release, asks for a tunnel, and is there after a pulled plug", async () => {
  const [outDir, again] = [join(directory, "archive"), join(directory, "archive-again")];
  const built = await buildArchive({ ...common(), outDir, onStep });
  const gateway = await listen();
  onTestFinished(() => gateway.close());
  const board = await makeMakersBoard(join(outDir, "portenta-x8.tar.xz"), await makeIdentity(gateway.gateway));
  onTestFinished(() => board.remove());
  const machine = await board.start();
  onTestFinished(() => machine.cut());
  await machine.until(/handed over/);
  await machine.until(/install: this board has not been told who it is: give --identity FILE/);
  await machine.until(/install: Bulkhead starts/);
  await machine.until(/this board has taken its identity/);
  await machine.until(/this board begins with beacon 1\.0\.0/);
  await machine.until(ready);
  await machine.until(/verified: \d+ components run as the system says/);
  await gateway.asked;
  // Root of the maker's Linux finds the root server, and its own files.
  machine.type("cd /opt/bulkhead && ./operator import install; ./operator import nowhere");
  await machine.until(/EXPORT_INVALID/);
  await machine.until(/FILE_UNREADABLE: \S*\/opt\/bulkhead\/nowhere cannot be opened/);
  machine.type("/opt/bulkhead/operator attach pulse --inspector");
  await machine.until(/ATTACH_REFUSED: the manifest of pulse does not allow `inspector`/);
  await machine.cut();
  const second = await board.start();
  onTestFinished(() => second.cut());
  await second.until(ready);
  expect(second.console()).not.toMatch(/this board (has taken|begins)/);
  expect((await buildArchive({ ...common(), outDir: again, onStep })).files).toEqual(built.files);
});
