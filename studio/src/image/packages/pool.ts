/** The packages of images, by their digests, in the pool of the cache: what is there once is asked for no more, whatever the archive does. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { imageCache } from "../places.ts";
import { type Archive, downloadPackages } from "./archive.ts";
import type { LockedPackage } from "./locked.ts";

const poolDir = () => join(imageCache(), "pool");

/** Where the pool lies, and who brings packages. */
type Source = { readonly directory: string; readonly download: typeof downloadPackages };
const own = (): Source => ({ directory: poolDir(), download: downloadPackages });

/** Brings what is missing. Throws IMAGE_PACKAGE_ALTERED where what came, or lies there, is not what is locked, IMAGE_ARCHIVE_FAILED. */
export async function fillPool(
  archive: Archive,
  packages: readonly LockedPackage[],
  { directory, download }: Source = own(),
): Promise<void> {
  const place = (one: LockedPackage) => poolFile(one, directory);
  const missing = packages.filter((one) => !existsSync(place(one)));
  // Its name is only what it was once: the papers of an image say that this is what is in it.
  for (const one of packages) if (!missing.includes(one)) await checkKept(one, place(one));
  if (missing.length === 0) return;
  await mkdir(directory, { recursive: true });
  const byDigest = new Map(missing.map((one) => [one.sha256, one]));
  await download(archive, missing, imageCache(), async (file) => {
    const digest = await digestOf(file);
    const expected = byDigest.get(digest);
    if (expected === undefined) throw altered(basename(file));
    byDigest.delete(digest);
    const copied = `${place(expected)}.${process.pid}`;
    await copyFile(file, copied);
    await rename(copied, place(expected));
  });
  for (const { name, version } of byDigest.values()) throw altered(`${name} ${version}`);
}

/** Where the pool has a package. */
export function poolFile({ sha256 }: Pick<LockedPackage, "sha256">, directory: string = poolDir()): string {
  return join(directory, `${sha256}.deb`);
}

async function checkKept({ name, version, sha256 }: LockedPackage, file: string): Promise<void> {
  if ((await digestOf(file)) === sha256) return;
  throw new BulkheadError("IMAGE_PACKAGE_ALTERED", `${file} is no longer ${name} ${version}`, {
    remedy: "find out why; once it is removed it is brought anew",
  });
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

function altered(what: string): BulkheadError {
  return new BulkheadError("IMAGE_PACKAGE_ALTERED", `${what} is not the package that is locked`, {
    remedy: "find out why: a package of one version never changes; where the lock is to follow, bulkhead image lock",
  });
}
