/**
 * What lies where on a board's disk. Records and identity have 4 MiB each, a whole erase block of most cards, so that writing one can cost no
 * other. Behind the slots lies the release that the board begins with, and what is behind that, `data`, the board makes itself at its first start, as
 * large as its disk allows.
 */
const mebibyte = 1024 * 1024;

export type Partition = {
  readonly name: string;
  readonly startBytes: number;
  readonly sizeBytes: number;
  /** What the partition table says of it: a file system for boot loaders, or Linux's own. */
  readonly type: "boot" | "linux";
};

/** In their order on the disk; `factory` comes behind them. Boot loaders that are put at places of their own end before the first. */
const sizes = [
  { name: "boot", mebibytes: 8, type: "boot" },
  { name: "state-0", mebibytes: 4, type: "linux" },
  { name: "state-1", mebibytes: 4, type: "linux" },
  { name: "identity", mebibytes: 4, type: "linux" },
  { name: "boot-a", mebibytes: 64, type: "linux" },
  { name: "boot-b", mebibytes: 64, type: "linux" },
  { name: "root-a", mebibytes: 320, type: "linux" },
  { name: "root-b", mebibytes: 320, type: "linux" },
] as const;
export type PartitionName = (typeof sizes)[number]["name"];

/** Of most cards. */
const eraseBlockBytes = 4 * mebibyte;
export const firstPartitionBytes: number = eraseBlockBytes;
/** Behind the last partition: the copy of the table. */
const tailBytes = mebibyte;

/** Those that every image has at the same place. */
export const partitions: readonly (Partition & { readonly name: PartitionName })[] = place();

export type DiskLayout = {
  readonly partitions: readonly (Partition & { readonly name: PartitionName | "factory" })[];
  readonly sizeBytes: number;
};

/** Of a disk whose board begins with a release of so many bytes: its partition is as large as it has to be, in whole erase blocks. */
export function layOut(factoryBytes: number): DiskLayout {
  const startBytes = partitions.reduce((end, one) => Math.max(end, one.startBytes + one.sizeBytes), 0);
  const sizeBytes = Math.max(1, Math.ceil(factoryBytes / eraseBlockBytes)) * eraseBlockBytes;
  const factory = { name: "factory", startBytes, sizeBytes, type: "linux" } as const;
  return { partitions: [...partitions, factory], sizeBytes: startBytes + sizeBytes + tailBytes };
}

export function partition(name: PartitionName): Partition {
  const found = partitions.find((one) => one.name === name);
  if (found === undefined) throw new TypeError(`there is no partition ${name}`);
  return found;
}

function place() {
  let startBytes = firstPartitionBytes;
  return sizes.map(({ name, mebibytes, type }) => {
    const one = { name, startBytes, sizeBytes: mebibytes * mebibyte, type };
    startBytes += one.sizeBytes;
    return one;
  });
}
