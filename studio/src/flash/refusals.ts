/** What is never written to, and what only when a person insists. */
import { BulkheadError } from "@bulkhead/protocol";
import { formatDisk, type Target } from "./target.ts";

/** Beyond this a disk is more likely somebody's data than a board's card. */
export const largestCardBytes: number = 64 * 1024 ** 3;

export type Insistence = { readonly size: boolean; readonly fixed: boolean };

/** Throws FLASH_TARGET_REFUSED. */
export function refuseTarget(target: Omit<Target, "sameness">, imageBytes: number, insistence: Insistence): void {
  const found = reasons(target, imageBytes, insistence).find(({ holds }) => holds);
  if (found === undefined) return;
  throw new BulkheadError("FLASH_TARGET_REFUSED", `${target.path} ${found.why}`, { remedy: found.remedy });
}

function reasons(target: Omit<Target, "sameness">, imageBytes: number, { size, fixed }: Insistence) {
  const { kind, sizeBytes, mounts, isReadOnly, isRemovable } = target;
  const isDisk = kind === "disk";
  return [
    {
      holds: kind === "partition",
      why: "is a partition",
      remedy: "an image is a whole disk: give the disk that it is on",
    },
    {
      holds: mounts.some(isOurs),
      why: "is this machine's own disk",
      remedy: "give the card's; nothing makes this one a target",
    },
    {
      holds: mounts.length > 0,
      why: `is in use: mounted at ${mounts.join(", ")}`,
      remedy: "unmount it, and look twice whether it is the card",
    },
    { holds: isReadOnly, why: "cannot be written", remedy: "is the card's lock switch on?" },
    {
      holds: isDisk && !isRemovable && !fixed,
      why: `is built in (${target.title}, ${formatDisk(sizeBytes)})`,
      remedy: "give a card or a stick; --force-fixed if it is meant",
    },
    {
      holds: isDisk && sizeBytes > largestCardBytes && !size,
      why: `is larger than a card would be (${target.title}, ${formatDisk(sizeBytes)})`,
      remedy: "look twice whether it is the card; --force-size if it is",
    },
    {
      holds: sizeBytes < imageBytes,
      why: `has ${formatDisk(sizeBytes)}, and the image ${formatDisk(imageBytes)}`,
      remedy: "take a larger card",
    },
  ];
}

/** Places of the base system: whoever has them on this disk runs from it. */
const ownPlaces = /^\/$|^\/(boot|efi|etc|home|opt|srv|usr|var)(\/|$)/;

function isOurs(mount: string): boolean {
  return mount === "[SWAP]" || ownPlaces.test(mount);
}
