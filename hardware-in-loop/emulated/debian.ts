/** Unpacks Debian packages into a folder, without installing them and without running anything of theirs. */
import { join } from "node:path";
import { execa } from "execa";

/** What every root file system and every tool comes from, if not said otherwise. */
export const suite = "trixie";
export type Suite = typeof suite | "sid";

const releaseAlone = join(import.meta.dirname, "release-alone.sh");

/**
 * From the mirror that mmdebstrap takes by itself; `architecture` is Debian's name of it. Rejects with mmdebstrap's words; needs root,
 * for the owners of the files.
 */
export async function unpackDebian(
  architecture: string,
  packages: readonly string[],
  directory: string,
  from: Suite = suite,
): Promise<void> {
  const options = ["--variant=extract", "--mode=root", `--architectures=${architecture}`];
  // A mirror of sid may be older than what its lists say of themselves; nothing here is installed by it.
  if (from === "sid") options.push('--aptopt=Acquire::Check-Valid-Until "false"');
  const noExtras = '--aptopt=APT::Install-Recommends "false"';
  const wanted = `--include=${packages.join(",")}`;
  await execa("mmdebstrap", [...options, noExtras, `--setup-hook=${releaseAlone} "$1"`, wanted, from, directory]);
}
