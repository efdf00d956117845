/**
 * Bun for the runner `bun`, in .cache/runtimes: 50 MB to fetch and 107 MB on disk, so it comes only where somebody asks for it:
 * `node scripts/setup/bun.mjs`, or a test that needs it. From the npm registry that this machine is configured for.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, run } from "./process.mjs";

export const bunVersion = "1.4.5";

/** Package of each processor, with the integrity of its archive as the registry and package-lock files write it. */
const packages = {
  x64: {
    name: "@oven/bun-linux-x64",
    sha512: "IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
  },
  arm64: {
    name: "@oven/bun-linux-aarch64",
    sha512: "4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
  },
};

/** The directory that holds `bun`, fetched and checked if it is not there; undefined where there is none to be had. */
export async function installBun() {
  const found = Object.entries(packages).find(([processor]) => processor === process.arch);
  if (!found) return undefined;
  const { name, sha512 } = found[1];
  const target = join(root, ".cache", "runtimes", `bun-${bunVersion}`);
  if (existsSync(join(target, "bun"))) return target;
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const packed = await run("npm", ["pack", `${name}@${bunVersion}`, "--pack-destination", work, "--silent"], {
      quiet: true,
    });
    const archive = join(work, `${name.slice(1).replace("/", "-")}-${bunVersion}.tgz`);
    if (!packed.ok || !existsSync(archive)) return undefined;
    const digest = createHash("sha512")
      .update(await readFile(archive))
      .digest("base64");
    if (digest !== sha512) throw new Error(`${name}@${bunVersion} is not the archive that it was: ${digest}`);
    const unpacked = await run("tar", ["-xzf", archive, "-C", work, "package/bin/bun"], { quiet: true });
    if (!unpacked.ok) return undefined;
    await rename(join(work, "package/bin"), target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const target = await installBun();
  process.stdout.write(`${target ?? `there is no Bun for ${process.arch}, or it could not be fetched`}\n`);
  process.exitCode = target === undefined ? 1 : 0;
}
