/**
 * Reads a block map (bmap-tools' format, versions 1.4 and 2.0): which blocks of an image a writer must bring to a card, with a digest of each
 * stretch. Strict: a map that is not wholly understood writes nothing.
 */
import { createHash } from "node:crypto";
import { BulkheadError } from "@bulkhead/protocol";

/** A stretch of the image, in bytes; `endByte` is the first behind it. */
export type Stretch = { readonly startByte: number; readonly endByte: number; readonly sha256: string };
export type BlockMap = { readonly imageBytes: number; readonly stretches: readonly Stretch[] };

/** The map in `written`. Throws FLASH_IMAGE_INVALID naming `file`. */
export function parseBlockMap(written: string, file: string): BlockMap {
  const text = withoutComments(written);
  const refuse = (why: string): never => {
    throw new BulkheadError("FLASH_IMAGE_INVALID", `${file} is no block map that can be followed: ${why}`, {
      remedy: "take the map that was made with the image, or build the image anew",
    });
  };
  const version = /<bmap version="([^"]{0,20})">/.exec(text)?.[1] ?? refuse("it names no version");
  if (version !== "1.4" && version !== "2.0") refuse(`it is of version ${version}`);
  const value = (name: string) =>
    new RegExp(`<${name}>\\s{0,8}([^<\\s]{1,100})\\s{0,8}</${name}>`).exec(text)?.[1] ?? refuse(`it lacks ${name}`);
  const count = (name: string) => toCount(value(name)) ?? refuse(`${name} is no number`);
  if (value("ChecksumType") !== "sha256") refuse("its digests are not SHA-256");
  checkOwnDigest(written, value("BmapFileChecksum"), refuse);
  const [imageBytes, blockBytes, blocks, mapped] = ["ImageSize", "BlockSize", "BlocksCount", "MappedBlocksCount"].map(
    count,
  );
  const sizes = { imageBytes: imageBytes ?? 0, blockBytes: blockBytes ?? 0 };
  if (sizes.blockBytes < 512 || Math.ceil(sizes.imageBytes / sizes.blockBytes) !== blocks)
    refuse("its sizes do not fit each other");
  const stretches = stretchesOf(text, sizes, refuse);
  const bytes = stretches.reduce(
    (sum, { startByte, endByte }) => sum + Math.ceil((endByte - startByte) / sizes.blockBytes),
    0,
  );
  if (bytes !== mapped) refuse("it has another number of blocks than it says");
  return { imageBytes: sizes.imageBytes, stretches };
}

/** By hand: an expression would look at what follows each beginning that has no end, again and again. */
function withoutComments(text: string): string {
  const [first = "", ...rest] = text.split("<!--");
  return (
    first +
    rest
      .map((part) => {
        const end = part.indexOf("-->");
        return end === -1 ? "" : part.slice(end + 3);
      })
      .join("")
  );
}

type Refuse = (why: string) => never;

/** It is that of the text with zeroes in its place. */
function checkOwnDigest(text: string, own: string, refuse: Refuse): void {
  const bare = text.replace(own, "0".repeat(own.length));
  if (createHash("sha256").update(bare).digest("hex") !== own) refuse("it was altered, or cut off");
}

function stretchesOf(
  text: string,
  { imageBytes, blockBytes }: { imageBytes: number; blockBytes: number },
  refuse: Refuse,
): Stretch[] {
  let behind = 0;
  return [...text.matchAll(/<Range([^>]{0,200})>\s{0,8}(\d{1,12})(?:-(\d{1,12}))?\s{0,8}<\/Range>/g)].map(
    ([, attributes = "", first, last]) => {
      const sha256 =
        /^\s{1,8}chksum="([0-9a-f]{64})"\s{0,8}$/.exec(attributes)?.[1] ?? refuse("a stretch has no digest");
      const startByte = Number(first) * blockBytes;
      const endByte = Math.min((Number(last ?? first) + 1) * blockBytes, imageBytes);
      if (startByte < behind || startByte >= endByte)
        refuse("its stretches overlap, or are out of order or of the image");
      behind = endByte;
      return { startByte, endByte, sha256 };
    },
  );
}

function toCount(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
