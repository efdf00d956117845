/** Unpacks Debian packages into a folder, without installing them and without running anything of theirs. */
import { execa } from "execa";

/** What every root file system and every tool comes from. */
export const suite = "trixie";

/**
 * The release alone: a point release stays as it is, while lists of updates change from day to day, and a mirror that is behind with
 * those of one processor would stop everything that is run on it.
 */
const source = `deb http://deb.debian.org/debian ${suite} main`;

/** `architecture` is Debian's name of it. Rejects with mmdebstrap's words; needs root, for the owners of the files. */
export async function unpackDebian(
  architecture: string,
  packages: readonly string[],
  directory: string,
): Promise<void> {
  const options = ["--variant=extract", "--mode=root", `--architectures=${architecture}`];
  const noExtras = '--aptopt=APT::Install-Recommends "false"';
  await execa("mmdebstrap", [...options, noExtras, `--include=${packages.join(",")}`, suite, directory, source]);
}
