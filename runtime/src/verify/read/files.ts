/** Reads a process's mounts, descriptors and environment. */
import type { Stats } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
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

/** `NAME=value`, one each. */
export async function readEnvironment(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0").filter((entry) => entry !== "");
}

/** The links of all descriptors of a process that lead to something without a path: a socket or a pipe. */
export async function readNameless(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  return links.filter((link) => /^(socket|pipe):/.test(link));
}
