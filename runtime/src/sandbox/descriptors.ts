/** Finds descriptors that a child would inherit although nobody meant it to. */
import { readdirSync, readFileSync } from "node:fs";

/** O_CLOEXEC (asm-generic/fcntl.h), as /proc/self/fdinfo prints it: octal. */
const closeOnExec = 0o2000000;

/**
 * Descriptors from 3 on that survive execve. Node opens all of its own with close-on-exec and sets it on the first
 * that it inherits (uv_disable_stdio_inheritance: up to 15, then up to a gap), so these came from whoever started us: a
 * sandbox that inherited one would hold a file of the host. Synchronous: a few hundred small reads of kernel memory, each of which
 * would else wait for a thread.
 */
export function inheritedDescriptors(): number[] {
  return readdirSync("/proc/self/fdinfo")
    .map(Number)
    .filter((fd) => fd > 2 && survives(fd));
}

function survives(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    // readdir's own descriptor is gone again by now.
    return false;
  }
}
