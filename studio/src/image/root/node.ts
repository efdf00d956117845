/** Node for a board: npm's package for its processor, in the version and with the digest of our lock file. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { z } from "zod";
import { bulkheadDirectory } from "../../locations.ts";
import { imageCache } from "../places.ts";

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

export type NodePackage = {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly file: string;
};

type Places = { readonly cache: string; readonly lockFile: string };
const ownPlaces = (): Places => ({ cache: imageCache(), lockFile: join(bulkheadDirectory, "package-lock.json") });

/** The program, and what it is locked by. Throws IMAGE_LOCK_INVALID, IMAGE_PACKAGE_ALTERED, IMAGE_ARCHIVE_FAILED. */
export async function fetchNode(
  architecture: "arm64",
  { cache, lockFile }: Places = ownPlaces(),
): Promise<NodePackage> {
  const name = `node-linux-${architecture}`;
  const lock = lockSchema.parse(JSON.parse(await readFile(lockFile, "utf8")));
  const { version, integrity } = lock.packages[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new BulkheadError("IMAGE_LOCK_INVALID", `package-lock.json has no ${name}`);
  }
  const place = join(cache, `${name}-${version}`);
  const file = join(place, "package", "bin", "node");
  if (!existsSync(file)) await fetch(`${name}@${version}`, integrity, place);
  return { name, version, integrity, file };
}

async function fetch(wanted: string, integrity: string, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  const partial = await mkdtemp(`${place}-`);
  try {
    const packed = await execa("npm", ["pack", wanted, "--silent", "--pack-destination", partial]).catch((cause) => {
      throw new BulkheadError("IMAGE_ARCHIVE_FAILED", `npm did not bring ${wanted}`, { cause });
    });
    const archive = join(partial, packed.stdout.trim().split("\n").at(-1) ?? "");
    const digest = createHash("sha512")
      .update(await readFile(archive))
      .digest("base64");
    if (`sha512-${digest}` !== integrity) {
      throw new BulkheadError("IMAGE_PACKAGE_ALTERED", `${wanted} is not the package that package-lock.json has`);
    }
    await execa("tar", ["--extract", "--file", archive, "--directory", partial]);
    await rm(archive);
    // Another checkout was faster: its package is the same.
    await rename(partial, place).catch((error: unknown) => {
      if (!existsSync(place)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
