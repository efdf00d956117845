/**
 * Finds a partition of the board's disk by its name, as the kernel has read it from the partition table. Another disk may have one of the same name
 * (a second card with an image, a stick that somebody made for that): the one that the board's root is on is the board's.
 */
import { readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

/** Its device file. Throws FILE_UNREADABLE where there is none of this name, or several and no telling. `blocks`: where the kernel shows its disks. */
export async function findPartition(name: string, blocks: string = "/sys/class/block"): Promise<string> {
  const found: string[] = [];
  for (const device of (await readdir(blocks)).sort()) {
    const about = await readFile(join(blocks, device, "uevent"), "utf8").catch(() => "");
    if (about.split("\n").includes(`PARTNAME=${name}`)) found.push(device);
  }
  const own = await diskOfRoot(blocks);
  const ofBoard: string[] = [];
  for (const device of found) if (own === undefined || (await diskOf(blocks, device)) === own) ofBoard.push(device);
  const [device, ...more] = ofBoard;
  if (device !== undefined && more.length === 0) return join("/dev", device);
  if (device === undefined) {
    throw new BulkheadError("FILE_UNREADABLE", `no disk of this board has a partition ${name}`, {
      remedy: "write the board's image to its disk anew: bulkhead flash",
    });
  }
  throw new BulkheadError("FILE_UNREADABLE", `${ofBoard.join(" and ")} are both named ${name}`, {
    remedy: "take the other disk with a board's image out",
  });
}

/** The disk below the board's root, which is always the first mapped device of an image; undefined where there is no such (a maker's own Linux). */
async function diskOfRoot(blocks: string): Promise<string | undefined> {
  const [partition] = await readdir(join(blocks, "dm-0", "slaves")).catch(() => []);
  return partition === undefined ? undefined : diskOf(blocks, partition);
}

/** A partition's directory lies in that of its disk. */
const diskOf = async (blocks: string, partition: string): Promise<string> =>
  dirname(await realpath(join(blocks, partition)));
