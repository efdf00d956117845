/** Peers from Debian, downloaded by apt and unpacked into the cache of the checkout; nothing is installed. */
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export const cache = new URL("../../../../.cache/bench-restart", import.meta.url).pathname;

export type Unpacked = {
  readonly root: string;
  readonly environment: Record<string, string>;
  readonly version: string;
};

/** Packages by their names, the first of which the version is told of. Rejects where apt cannot bring them. */
export async function unpack(packages: readonly [string, ...string[]]): Promise<Unpacked> {
  const root = join(cache, packages[0]);
  if (!(await readdir(root).catch(() => null))) await download(packages, root);
  const { stdout } = await execa("apt-cache", ["policy", packages[0]]);
  const libraries = (await readdir(join(root, "usr/lib")).catch(() => [])).filter((name) =>
    name.endsWith("-linux-gnu"),
  );
  return {
    root,
    version: /Candidate: (\S+)/.exec(stdout)?.[1] ?? "unknown",
    environment: {
      PATH: `${root}/usr/bin:${root}/bin:${process.env["PATH"]}`,
      LD_LIBRARY_PATH: libraries.flatMap((name) => [`${root}/usr/lib/${name}`, `${root}/lib/${name}`]).join(":"),
    },
  };
}

async function download(packages: readonly string[], root: string): Promise<void> {
  const growing = `${root}.new`;
  await rm(growing, { recursive: true, force: true });
  await mkdir(join(growing, "debs"), { recursive: true, mode: 0o755 });
  // apt downloads as a user of its own where it can, and warns where it cannot.
  await execa("apt-get", ["download", ...packages], { cwd: join(growing, "debs") });
  for (const name of await readdir(join(growing, "debs"))) {
    await execa("dpkg", ["-x", join(growing, "debs", name), growing]);
  }
  await rm(join(growing, "debs"), { recursive: true });
  await rename(growing, root);
}
