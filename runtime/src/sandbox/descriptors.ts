/** Finds descriptors that a child would inherit although nobody meant it to. */
import { readdir, readFile } from "node:fs/promises";

/** O_CLOEXEC (asm-generic/fcntl.h), as /proc/self/fdinfo prints it: octal. */
const closeOnExec = 0o2000000;

/**
 * Descriptors from 3 on that survive execve. Node opens all of its own with close-on-exec and sets it on the first
 * that it inherits (uv_disable_stdio_inheritance: up to 15, then up to a gap), so these came from whoever started us: a
 * sandbox that inherited one would hold a file of the host.
 */
export async function inheritedDescriptors(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc/self/fdinfo")) {
    const fd = Number(name);
    // readdir's own descriptor is gone again by now.
    const info = await readFile(`/proc/self/fdinfo/${name}`, "utf8").catch(() => "");
    const flags = /^flags:\s+(\d+)$/m.exec(info)?.[1];
    if (fd > 2 && flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0) found.push(fd);
  }
  return found;
}
