/**
 * What kind of terminal a device node leads to, by the kernel's own table (proc(5), /proc/tty/drivers). A port of a board is a
 * serial line, or the end of a pseudo terminal that a program of the base system serves; a console, a screen or the
 * multiplexer of pseudo terminals is none.
 */
import { readFile, stat } from "node:fs/promises";

export type TtyKind = "serial" | "pseudo";

const kinds: Readonly<Record<string, TtyKind>> = { serial: "serial", "pty:slave": "pseudo" };

/** Undefined for everything else that there is. Throws what stat(2) says where there is nothing. */
export async function ttyKind(node: string): Promise<TtyKind | undefined> {
  const found = await stat(node);
  if (!found.isCharacterDevice()) return undefined;
  // Linux's dev_t (include/linux/kdev_t.h, new encoding): minor in bits 0-7 and 20-31, major in bits 8-19.
  const major = (found.rdev >> 8) & 0xfff;
  const minor = (found.rdev & 0xff) | ((found.rdev >> 12) & 0xfff00);
  return kindIn(await readFile("/proc/tty/drivers", "utf8"), major, minor);
}

/** `table`: a line for each driver, `serial  /dev/ttyS  4 64-95 serial`: name, nodes, major, minors, type. Pure. */
export function kindIn(table: string, major: number, minor: number): TtyKind | undefined {
  for (const line of table.split("\n")) {
    const [, driverMajor, first, last = first, type = ""] = /\s(\d+)\s+(\d+)(?:-(\d+))? (\S+)$/.exec(line) ?? [];
    const isItsOwn = Number(driverMajor) === major && minor >= Number(first) && minor <= Number(last);
    if (isItsOwn && Object.hasOwn(kinds, type)) return kinds[type];
  }
  return undefined;
}
