/** The root of a slot as one file: erofs, and behind it the tree of digests by which the kernel checks each block that it reads (dm-verity). */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { uuidOf } from "../../uuid.ts";
import type { Builder } from "../builder.ts";

const blockBytes = 4096;

export type RootImage = {
  /** In the work directory. */
  readonly file: string;
  /** For the kernel's command line: blocks, digest of the tree, salt. */
  readonly word: string;
};

/** Makes `<workDir>/root.image` of `<workDir>/root`; `name` and `dateS` decide all that would differ from build to build. */
export async function makeRootImage(
  builder: Builder,
  workDir: string,
  name: string,
  dateS: number,
): Promise<RootImage> {
  const salt = createHash("sha256").update(`root of ${name}`).digest("hex");
  const owner = ["--all-root", `-T${dateS}`, "--all-time", `-U${uuidOf(salt)}`];
  await builder.run("mkfs.erofs", ["--quiet", "-zlz4hc,9", "-C16384", ...owner, "/work/root.image", "/work/root"]);
  const { size } = await stat(join(workDir, "root.image"));
  const blocks = Math.ceil(size / blockBytes);
  const format = ["format", "--no-superblock", "--hash=sha256", `--salt=${salt}`, `--data-blocks=${blocks}`];
  const where = [`--hash-offset=${blocks * blockBytes}`, "/work/root.image", "/work/root.image"];
  const said = await builder.run("veritysetup", [...format, ...where]);
  const digest = /Root hash:\s+([0-9a-f]{64})/.exec(said)?.[1] ?? "";
  return { file: join(workDir, "root.image"), word: `bulkhead.root=${blocks}:${digest}:${salt}` };
}
