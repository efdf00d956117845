/** A release with a base system of its own, for an emulated board: its image is built anew, of another time, which makes its root another one. */
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { releaseTargetName, sha256 } from "@bulkhead/protocol";
import { imageBaseFile, imageBaseSchema } from "../../../studio/src/build/base.ts";
import type { Buildable } from "../../../studio/src/image/board.ts";
import { buildImage } from "../../../studio/src/image/build.ts";
import type { Publication } from "../agent.ts";
import { imageDateS } from "./image.ts";
import type { Server } from "./server.ts";

type BaseImage = { readonly board: Buildable; readonly directory: string; readonly isBroken: boolean };

/** Signed, and given to the service; `base` is the digest by which the board will know it. */
export async function publishWithBase(
  server: Server,
  manifest: string,
  releaseCounter: number,
  { board, directory, isBroken }: BaseImage,
): Promise<Publication & { readonly base: string }> {
  await buildImage({ board, manifest, outDir: directory, dateS: imageDateS + releaseCounter, onStep: server.note });
  if (isBroken) await breakKernel(directory, board.board.board);
  const { release, releaseDigest } = await server.publish(manifest, releaseCounter, directory);
  await rm(directory, { recursive: true });
  return { target: releaseTargetName(release), digest: releaseDigest, base: release.baseSystem?.digest ?? "none" };
}

/** Where a FAT of this size has its files: what is before it are its tables. */
const tablesBytes = 1024 * 1024;

/** Makes it one that no boot loader starts: the files of its slot hold nothing, and its papers say so. */
async function breakKernel(imageDir: string, board: string): Promise<void> {
  const file = join(imageDir, imageBaseFile(board));
  const base = imageBaseSchema.parse(JSON.parse(await readFile(file, "utf8")));
  const { length, startBytes } = base.parts.boot;
  const image = await open(join(imageDir, `${board}.img`), "r+");
  try {
    await image.write(Buffer.alloc(length - tablesBytes), 0, length - tablesBytes, startBytes + tablesBytes);
    const { buffer } = await image.read(Buffer.alloc(length), 0, length, startBytes);
    const boot = { ...base.parts.boot, digest: sha256(buffer) };
    const parts = { ...base.parts, boot };
    await writeFile(file, JSON.stringify({ ...base, digest: sha256(`${base.digest} broken`), parts }));
  } finally {
    await image.close();
  }
}
