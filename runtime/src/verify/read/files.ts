/** Reads a process's mounts, descriptors and environment. */
import type { Stats } from "node:fs";
import { open, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DescriptorFact, MountFact } from "../facts.ts";

/** `device:inode`, and `major:minor` of a device node, which may be another inode of the same device. */
export async function identityOf(path: string): Promise<string> {
  return stat(path).then(
    (found) =>
      found.isCharacterDevice() || found.isBlockDevice() ? `device ${found.rdev}` : `${found.dev}:${found.ino}`,
    () => "",
  );
}

export async function readMounts(pid: number): Promise<MountFact[]> {
  const mounts = parseMounts(await readFile(`/proc/${pid}/mountinfo`, "utf8"));
  return Promise.all(
    mounts.map(async (mount) => ({ ...mount, identity: await identityOf(join(`/proc/${pid}/root`, mount.target)) })),
  );
}

/** Parses /proc/<pid>/mountinfo (proc(5)); space, tab and backslash are octal escapes. */
export function parseMounts(text: string): Omit<MountFact, "identity">[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [id, , , , target, options] = before.split(" ");
    const [type, , superOptions] = after.split(" ");
    if (target === undefined || type === undefined) return [];
    const unescaped = target.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const list = (words = "") => words.split(",");
    return [{ id: Number(id), target: unescaped, type, options: list(options), superOptions: list(superOptions) }];
  });
}

export async function readDescriptors(pid: number): Promise<DescriptorFact[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const found = await Promise.all(names.map((name) => readDescriptor(pid, name).catch(() => undefined)));
  return found.filter((facts) => facts !== undefined);
}

async function readDescriptor(pid: number, name: string): Promise<DescriptorFact> {
  const path = `/proc/${pid}/fd/${name}`;
  const [target, info, found] = await Promise.all([
    readlink(path),
    readFile(`/proc/${pid}/fdinfo/${name}`, "utf8"),
    stat(path),
  ]);
  return { fd: Number(name), target, kind: kindOf(found), mountId: Number(/^mnt_id:\s+(\d+)$/m.exec(info)?.[1]) };
}

function kindOf(found: Stats): DescriptorFact["kind"] {
  if (found.isDirectory()) return "directory";
  if (found.isFile()) return "file";
  if (found.isCharacterDevice()) return "character";
  if (found.isBlockDevice()) return "block";
  if (found.isFIFO()) return "fifo";
  return found.isSocket() ? "socket" : "other";
}

/** A process can have more where its environment is, as much as it likes (prctl(2), PR_SET_MM): that is a difference, too. */
const maxEnvironmentBytes = 64 * 1024;

/** `NAME=value`, one each. */
export async function readEnvironment(pid: number): Promise<string[]> {
  const text = await readAtMost(`/proc/${pid}/environ`, maxEnvironmentBytes);
  return text.split("\0").filter((entry) => entry !== "");
}

/** Files of /proc do not say how large they are. */
async function readAtMost(path: string, maxBytes: number): Promise<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(maxBytes);
    let filled = 0;
    while (filled < maxBytes) {
      const { bytesRead } = await file.read(buffer, filled, maxBytes - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.toString("utf8", 0, filled);
  } finally {
    await file.close();
  }
}

/** The links of all descriptors of a process that lead to something without a path: a socket or a pipe. */
export async function readNameless(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  return links.filter((link) => /^(socket|pipe):/.test(link));
}
