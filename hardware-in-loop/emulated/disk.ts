/** Makes a disk image of a folder: ext4 without a journal, since a guest only reads it. */
import { join } from "node:path";
import { execa } from "execa";
import type { Tools } from "./tools.ts";

/** `label` is how the guest finds it. `sizeMiB` bounds what fits; the file is sparse. */
export async function makeDisk(
  tools: Tools,
  disk: { label: string; from: string; to: string; sizeMiB: number },
): Promise<void> {
  const [program, ...rest] = tools.command("usr/sbin/mke2fs", "mke2fs");
  const options = ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-L", disk.label];
  await execa(program, [...rest, ...options, "-d", disk.from, disk.to, `${disk.sizeMiB}M`], {
    env: { MKE2FS_CONFIG: join(tools.path("etc"), "mke2fs.conf") },
  });
}
