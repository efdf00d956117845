/** What a board support package may hold, and how a file that is something else is told before a board is. */

export type Part = {
  readonly name: string;
  readonly what: string;
  /** Of a file, by its first bytes (`headBytes` of them, where it has as many) and its size: what is wrong with it. Left out: it is a folder. */
  readonly check?: (head: Buffer, sizeBytes: number) => string | undefined;
};

export const headBytes = 64;

export const parts: readonly Part[] = [
  { name: "kernel", what: "the kernel, as `booti` or `bootz` take it", check: checkKernel },
  { name: "modules", what: "its modules: the folder lib/modules that `make modules_install` wrote" },
  { name: "device-tree", what: "the board's device tree, compiled", check: checkDeviceTree },
  { name: "firmware", what: "what drivers load: files below lib/firmware" },
  { name: "boot-loader", what: "what the board's file has a place for", check: () => undefined },
];

export function describeParts(): string {
  return parts.map(({ name, what }) => `\`${name}\` (${what})`).join(", ");
}

/** Documentation/arch/arm64/booting.rst: "ARM\x64" at 56; Documentation/arch/arm/booting.rst: a zImage's mark at 36. */
function checkKernel(head: Buffer): string | undefined {
  if (head.length >= 64 && head.toString("latin1", 56, 60) === "ARM\x64") return undefined;
  if (head.length >= 40 && head.readUInt32LE(36) === 0x016f2818) return undefined;
  const compressed =
    head.length >= 2 && head.readUInt16BE(0) === 0x1f8b ? ", but one that is compressed: unpack it" : "";
  return `it is no kernel that \`booti\` (Image) or \`bootz\` (zImage) starts${compressed}`;
}

/** Devicetree Specification 0.4, section 5.2. */
function checkDeviceTree(head: Buffer, sizeBytes: number): string | undefined {
  const isTree = head.length >= 40 && head.readUInt32BE(0) === 0xd00dfeed && head.readUInt32BE(4) <= sizeBytes;
  return isTree ? undefined : "it is no compiled device tree";
}
