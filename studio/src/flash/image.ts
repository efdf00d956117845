/** An image as it lies in a folder: the disk, its block map and its provenance beside it, which says for which board it is. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { BulkheadError, parseJson } from "@bulkhead/protocol";
import { z } from "zod";
import { type BlockMap, parseBlockMap } from "./block-map.ts";

export type Image = {
  readonly file: string;
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Undefined: there is none beside it, and all of the image is written. */
  readonly map: BlockMap | undefined;
  /** Undefined: no papers beside it say for which. */
  readonly board: string | undefined;
};

/** A map of an image in ten thousand stretches has 1 MiB. */
const maxTextBytes = 8 * 1024 * 1024;

const provenanceSchema = z.object({
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })),
  predicate: z.object({ buildDefinition: z.object({ externalParameters: z.object({ board: z.string() }) }) }),
});

/** Opens it for reading; the caller closes `handle`. Throws FILE_UNREADABLE, FLASH_IMAGE_INVALID. */
export async function openImage(file: string): Promise<Image> {
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `the image ${file} cannot be read`, {
      cause,
      remedy: "`bulkhead image build` makes one",
    });
  });
  try {
    const sizeBytes = (await handle.stat()).size;
    const stem = file.replace(/\.img$/, "");
    const mapFile = await firstOf([`${stem}.bmap`, `${file}.bmap`]);
    const map = mapFile && parseBlockMap(mapFile.text, mapFile.file);
    if (map && map.imageBytes !== sizeBytes)
      throw invalid(`${file} has ${sizeBytes} bytes, and ${map.imageBytes} by its block map`);
    const board = await boardOf(`${stem}.provenance.json`, file, mapFile);
    return { file, handle, sizeBytes, map, board };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Text = { readonly file: string; readonly text: string };

/** The papers have the map's digest, the map has those of what is written: so the board is that of these bytes. */
async function boardOf(papersFile: string, imageFile: string, map: Text | undefined): Promise<string | undefined> {
  const papers = await firstOf([papersFile]);
  if (papers === undefined || map === undefined) return undefined;
  const parsed = provenanceSchema.safeParse(parseJson(papers.text));
  if (!parsed.success) throw invalid(`${papersFile} is no statement of provenance`);
  const { subject, predicate } = parsed.data;
  const said = subject.find(({ name }) => name === basename(map.file))?.digest.sha256;
  const names = subject.some(({ name }) => name === basename(imageFile));
  if (!names || said !== createHash("sha256").update(map.text).digest("hex"))
    throw invalid(`${papersFile} is of another image`);
  return predicate.buildDefinition.externalParameters.board;
}

async function firstOf(files: readonly string[]): Promise<Text | undefined> {
  for (const file of files) {
    const text = await readText(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error instanceof BulkheadError
        ? error
        : new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, { cause: error });
    });
    if (text !== undefined) return { file, text };
  }
  return undefined;
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    if ((await handle.stat()).size > maxTextBytes) throw invalid(`${file} is far larger than such a file is`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function invalid(message: string): BulkheadError {
  return new BulkheadError("FLASH_IMAGE_INVALID", message, {
    remedy: "build the image anew, and keep its files together",
  });
}
