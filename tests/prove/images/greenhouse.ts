/** The greenhouse, with its simulated drivers, as the first system of an emulated 32-bit board with 512 MB. */
import { cp, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseBoard } from "@bulkhead/protocol/manifest";
import { parse, stringify } from "yaml";
import { type Buildable, buildableOf } from "../../../studio/src/image/board.ts";

const repository = join(import.meta.dirname, "../../..");
const manifests = join(repository, "manifests");

/**
 * The path of its manifest, in a new folder of the checkout's cache (imports are resolved from there), and what its image is built for: board
 * `virtual`, as far as drivers go, and `qemu-virt-arm`, as far as processor, kernel and boot loader go. A board with hardware starts no
 * simulated driver, and QEMU's `virt` has no I2C.
 */
export async function writeGreenhouse(): Promise<{ manifest: string; folder: string; buildable: Buildable }> {
  await mkdir(join(repository, ".cache"), { recursive: true });
  const folder = await mkdtemp(join(repository, ".cache", "greenhouse-"));
  await cp(join(manifests, "greenhouse"), folder, { recursive: true });
  const [virtual, machine] = await Promise.all(["virtual", "qemu-virt-arm"].map(readBoard));
  const { architecture, pace, image } = machine ?? {};
  await writeFile(
    join(folder, "manifest.yaml"),
    stringify(idle(parse(await readFile(join(folder, "manifest.yaml"), "utf8")))),
  );
  const file = join(folder, "boards", "virtual.yaml");
  await mkdir(join(folder, "boards"));
  // JSON is YAML.
  const text = JSON.stringify({ ...virtual, architecture, pace, image });
  await writeFile(file, text);
  const parsed = parseBoard({ file, text });
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return { manifest: join(folder, "manifest.yaml"), folder, buildable: buildableOf(parsed.board) };
}

type Written = { components: Record<"climate" | "moisture", { heartbeat?: unknown; config?: object }> };

/** What the board's pace cannot stretch, or never rests, is left out: a heartbeat within a second, and the crashes on purpose. */
function idle(manifest: Written): Written {
  delete manifest.components.climate.heartbeat;
  manifest.components.moisture.config = { readingsPerCrash: 1_000_000 };
  return manifest;
}

async function readBoard(name: string): Promise<Record<string, unknown>> {
  return parse(await readFile(join(manifests, "boards", `${name}.yaml`), "utf8"));
}
