/**
 * The base system of a release: what `bulkhead image build` left of a slot. Its bytes are taken out of the image, held to the digests beside it, and become blobs of the
 * release like those of its artifacts.
 */
import { createHash } from "node:crypto";
import { access, mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type BaseSystem,
  BulkheadError,
  baseSystemSchema,
  canonicalJson,
  describeMisfit,
  nameSchema,
  parseNewRelease,
  type Release,
  type SlotPart,
  sha256,
  slotPartSchema,
  slotParts,
} from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { z } from "zod";
import type { BuiltRelease } from "./release.ts";

const placedSchema = slotPartSchema.extend({ startBytes: z.number().int().nonnegative() });
/** `<board>.base.json`, beside `<board>.img`. Images of format 1 had their first release in the root, which must not get into another (decision 62). */
export const imageBaseSchema = z.strictObject({
  format: z.literal(2),
  board: nameSchema,
  digest: baseSystemSchema.shape.digest,
  parts: z.strictObject({ boot: placedSchema, root: placedSchema }),
});
export type ImageBase = z.infer<typeof imageBaseSchema>;

export const imageBaseFile = (board: string): string => `${board}.base.json`;

/** The release with this base system, written down anew. */
export async function nameBase<B extends BuiltRelease>(built: B, baseSystem: BaseSystem): Promise<B> {
  const release: Release = parseNewRelease({ ...built.release, baseSystem });
  const text = canonicalJson(release);
  await writeFile(join(built.dir, "release.json"), text);
  return { ...built, release, releaseDigest: sha256(text) };
}

/**
 * Throws, before anything is built, where the image in `imageDir` has no base system for this board: IMAGE_BOARD_UNFIT, FILE_UNREADABLE,
 * FLASH_IMAGE_INVALID.
 */
export async function checkBase({ board, title, image }: Board, imageDir: string): Promise<void> {
  if (image === undefined) {
    throw new BulkheadError(
      "IMAGE_BOARD_UNFIT",
      `${title} starts from no image, so no release has a base system for it`,
      {
        remedy: "leave out --base; `bulkhead image ls` names the boards that have one",
      },
    );
  }
  await readBase(imageDir, board);
  const file = join(imageDir, `${board}.img`);
  await access(file).catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, {
      cause,
      remedy: `it lies beside ${imageBaseFile(board)} where \`bulkhead image build\` wrote the two: bring it too`,
    });
  });
}

/** The release with the base system of the image in `imageDir`, whose bytes are among its blobs then. Throws FILE_UNREADABLE, FLASH_IMAGE_INVALID. */
export async function addBase<B extends BuiltRelease>(built: B, imageDir: string): Promise<B> {
  const { board } = built.release;
  const image = await readBase(imageDir, board);
  await mkdir(join(built.dir, "blobs"), { recursive: true });
  for (const name of slotParts) await takePart(join(imageDir, `${board}.img`), image.parts[name], built.dir);
  const part = (name: SlotPart) => ({ digest: image.parts[name].digest, length: image.parts[name].length });
  return nameBase(built, { digest: image.digest, parts: { boot: part("boot"), root: part("root") } });
}

async function readBase(imageDir: string, board: string): Promise<ImageBase> {
  const file = join(imageDir, imageBaseFile(board));
  const text = await readFile(file, "utf8").catch(async (cause: unknown) => {
    const others = await boardsIn(imageDir);
    const there = others.length === 0 ? "" : `; what is there is for ${others.join(", ")}`;
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read${there}`, {
      cause,
      remedy: `bulkhead image build ${board} --manifest FILE -o ${imageDir}`,
    });
  });
  const parsed = imageBaseSchema.safeParse(jsonOf(text));
  if (parsed.success && parsed.data.board === board) return parsed.data;
  const why = parsed.success ? `it is for board ${parsed.data.board}` : describeMisfit(parsed.error);
  throw new BulkheadError("FLASH_IMAGE_INVALID", `${file} does not describe a base system for ${board}: ${why}`, {
    remedy: "build the image anew, for this board and with this version",
  });
}

async function boardsIn(imageDir: string): Promise<string[]> {
  const names = await readdir(imageDir).catch(() => []);
  return names
    .filter((name) => name.endsWith(imageBaseFile("")))
    .map((name) => name.slice(0, -imageBaseFile("").length));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function takePart(image: string, part: ImageBase["parts"][SlotPart], dir: string): Promise<void> {
  const source = await open(image, "r").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `${image} cannot be read`, { cause });
  });
  const hash = createHash("sha256");
  const target = await open(join(dir, "blobs", part.digest), "w");
  try {
    const { startBytes: start, length } = part;
    for await (const chunk of source.createReadStream({ autoClose: false, start, end: start + length - 1 })) {
      hash.update(chunk as Buffer);
      await target.appendFile(chunk as Buffer);
    }
  } finally {
    await target.close();
    await source.close();
  }
  if (hash.digest("hex") === part.digest) return;
  throw new BulkheadError(
    "FLASH_IMAGE_INVALID",
    `${image} does not hold what is written beside it of its base system`,
    {
      remedy: "build the image anew",
    },
  );
}
