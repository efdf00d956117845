/** Writes the image of a whole disk: the partition table, and what is in the partitions and before them. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { uuidOf } from "../../uuid.ts";
import type { Builder } from "../builder.ts";
import { type DiskLayout, firstPartitionBytes, layOut, type PartitionName } from "./layout.ts";

/** A stretch of the image that a writer must bring to the disk; what is between them may stay as it was. */
export type Stretch = { readonly startBytes: number; readonly sizeBytes: number };

export type DiskContent = {
  readonly parts: Readonly<Partial<Record<PartitionName, string | Buffer>>>;
  /** The file with the release that the board begins with. */
  readonly factory: string;
  /** What is put before the first partition, by where it begins. */
  readonly loaders: readonly { readonly file: string; readonly at: number }[];
};

// What a card had there before must not be taken for a record or an identity: these are written whole.
const writtenWhole: readonly string[] = ["state-0", "state-1", "identity"];
const sectorBytes = 512;
const tableBytes = 34 * sectorBytes;
const types = { boot: "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", linux: "0FC63DAF-8483-4772-8E79-3D69D8477DE4" };

/** Makes `<workDir>/<name>`; the same content gives the same bytes. Throws IMAGE_BUILD_FAILED where something does not fit. */
export async function makeDisk(builder: Builder, file: string, name: string, content: DiskContent): Promise<Stretch[]> {
  const handle = await open(file, "w");
  const stretches: Stretch[] = [{ startBytes: 0, sizeBytes: tableBytes }];
  const layout = layOut((await stat(content.factory)).size);
  try {
    await handle.truncate(layout.sizeBytes);
    for (const { file: loader, at } of content.loaders) {
      const limit = firstPartitionBytes - at;
      stretches.push(await put(handle, loader, { startBytes: at, sizeBytes: limit }, loader));
    }
    for (const { name: part, ...place } of layout.partitions) {
      const data = part === "factory" ? content.factory : content.parts[part];
      if (data !== undefined) stretches.push(await put(handle, data, place, part));
      if (writtenWhole.includes(part)) stretches.push({ startBytes: place.startBytes, sizeBytes: place.sizeBytes });
    }
  } finally {
    await handle.close();
  }
  await builder.run("sfdisk", ["--quiet", "--no-tell-kernel", name], { input: table(layout) });
  stretches.push({ startBytes: layout.sizeBytes - tableBytes, sizeBytes: tableBytes });
  return joined(stretches);
}

async function put(handle: FileHandle, data: string | Buffer, place: Stretch, what: string): Promise<Stretch> {
  const sizeBytes = typeof data === "string" ? (await stat(data)).size : data.length;
  if (sizeBytes > place.sizeBytes) {
    throw new BulkheadError(
      "IMAGE_BUILD_FAILED",
      `${what} has ${sizeBytes} bytes; there is room for ${place.sizeBytes}`,
    );
  }
  if (typeof data !== "string") await handle.write(data, 0, data.length, place.startBytes);
  else {
    let at = place.startBytes;
    for await (const chunk of createReadStream(data, { highWaterMark: 1024 * 1024 })) {
      await handle.write(chunk as Buffer, 0, (chunk as Buffer).length, at);
      at += (chunk as Buffer).length;
    }
  }
  return { startBytes: place.startBytes, sizeBytes };
}

/** For sfdisk(8). The identifiers are the same on every card: nothing goes by them. */
function table({ partitions }: DiskLayout): string {
  const lines = partitions.map(({ name, startBytes, sizeBytes, type }) => {
    const numbers = `start=${startBytes / sectorBytes}, size=${sizeBytes / sectorBytes}`;
    // By this mark boot loaders find the partition with the script.
    const mark = type === "boot" ? ", attrs=LegacyBIOSBootable" : "";
    return `${numbers}, type=${types[type]}, uuid=${idOf(name)}, name=${name}${mark}`;
  });
  return ["label: gpt", `label-id: ${idOf("disk")}`, `first-lba: 34`, ...lines, ""].join("\n");
}

function idOf(name: string): string {
  return uuidOf(createHash("sha256").update(`bulkhead ${name}`).digest("hex"));
}

function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const one of [...stretches].sort((a, b) => a.startBytes - b.startBytes)) {
    const last = result.at(-1);
    const end = one.startBytes + one.sizeBytes;
    if (last === undefined || one.startBytes > last.startBytes + last.sizeBytes) result.push(one);
    else result[result.length - 1] = { ...last, sizeBytes: Math.max(last.sizeBytes, end - last.startBytes) };
  }
  return result;
}
