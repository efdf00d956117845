/** Finds a partition of the board's disk by its name, as the kernel has read it from the partition table. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";

/** Its device file. Throws FILE_UNREADABLE where there is none of this name. `blocks`: where the kernel shows its disks. */
export async function findPartition(name: string, blocks: string = "/sys/class/block"): Promise<string> {
  for (const device of await readdir(blocks)) {
    const about = await readFile(join(blocks, device, "uevent"), "utf8").catch(() => "");
    if (about.split("\n").includes(`PARTNAME=${name}`)) return join("/dev", device);
  }
  throw new BulkheadError("FILE_UNREADABLE", `no disk of this board has a partition ${name}`, {
    remedy: "write the board's image to its disk anew: bulkhead flash",
  });
}
