/** Writes the archive that a kernel unpacks as its first root file system: cpio, "newc" (Documentation/driver-api/early-userspace/buffer-format.rst). */
const magic = "070701";
const directoryMode = 0o040755;
const fileMode = 0o100755;

/** `content` null is a directory, which must come before what is in it. */
export type ArchiveEntry = { readonly path: string; readonly content: Buffer | null };

export function writeArchive(entries: readonly ArchiveEntry[]): Buffer {
  const all = [...entries, { path: "TRAILER!!!", content: Buffer.alloc(0) }];
  return Buffer.concat(all.flatMap((entry, index) => encode(entry, index + 1)));
}

function encode({ path, content }: ArchiveEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${path}\0`);
  const size = content?.length ?? 0;
  // inode, mode, uid, gid, links, mtime, file size, device (major, minor), its own device (major, minor), name size, check
  const fields = [inode, content === null ? directoryMode : fileMode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(magic + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  return [pad(Buffer.concat([header, name])), pad(content ?? Buffer.alloc(0))];
}

/** Headers and contents each begin at a multiple of four. */
function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
