import { expect, test } from "vitest";
import { refuseTarget } from "./refusals.ts";
import { describe as describeBlock, formatDisk } from "./target.ts";

const gibibyte = 1024 ** 3;
/** What lsblk says of a card of 32 GB in a reader on USB. */
const card = {
  path: "/dev/sdb",
  type: "disk",
  size: 31_914_983_424,
  rm: true,
  ro: false,
  hotplug: true,
  tran: "usb",
  vendor: "Generic ",
  model: "STORAGE DEVICE",
  mountpoints: [null],
};
const part = (mountpoints: (string | null)[]) => ({ ...card, path: "/dev/sdb1", type: "part", mountpoints });

function refusal(block: Parameters<typeof describeBlock>[0], insistence = {}, isSd = false): string | undefined {
  try {
    refuseTarget(describeBlock(block, isSd), gibibyte, { size: false, fixed: false, ...insistence });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("[K18] a card in a reader is written, in one that is built in as well", () => {
  expect(refusal(card)).toBeUndefined();
  const builtIn = { ...card, path: "/dev/mmcblk0", rm: false, hotplug: false, tran: null };
  expect(refusal(builtIn, {}, true)).toBeUndefined();
  expect(refusal(builtIn)).toBe("/dev/mmcblk0 is built in (Generic STORAGE DEVICE, 29.7 GiB)");
  expect(refusal(builtIn, { fixed: true })).toBeUndefined();
});

test("[K18] what is mounted is refused, also deep in a volume of a partition, and however it is insisted on", () => {
  const insistence = { size: true, fixed: true };
  expect(refusal({ ...card, children: [part([null]), part(["/media/card"])] }, insistence)).toBe(
    "/dev/sdb is in use: mounted at /media/card",
  );
  const deep = {
    ...part([null]),
    children: [{ ...part([null]), type: "crypt", children: [{ ...part(["/mnt"]), type: "lvm" }] }],
  };
  expect(refusal({ ...card, children: [deep] }, insistence)).toBe("/dev/sdb is in use: mounted at /mnt");
});

test.each(["/", "/boot/efi", "/home", "[SWAP]"])(
  "[K18] the disk with %s is this machine's own, and never written",
  (mount) => {
    const own = { ...card, children: [part([mount])] };
    expect(refusal(own, { size: true, fixed: true })).toBe("/dev/sdb is this machine's own disk");
  },
);

test("[K18] a partition, a locked card, one that is too small and one that is no card by its size are refused, each with its reason", () => {
  expect(refusal(part([null]))).toBe("/dev/sdb1 is a partition");
  expect(refusal({ ...card, ro: true })).toBe("/dev/sdb cannot be written");
  expect(refusal({ ...card, size: gibibyte - 512 })).toMatch(/^\/dev\/sdb has 1024\.0 MiB, and the image 1 GiB$/);
  const large = { ...card, size: 64 * gibibyte + 512 };
  expect(refusal({ ...card, size: 64 * gibibyte })).toBeUndefined();
  expect(refusal(large)).toBe("/dev/sdb is larger than a card would be (Generic STORAGE DEVICE, 64.0 GiB)");
  expect(refusal(large, { size: true })).toBeUndefined();
  expect(refusal(large, { fixed: true })).toBeDefined();
});

test("[S8] what a stick says of itself does not steer the terminal", () => {
  const hostile = {
    ...card,
    vendor: "\u001b[2J\u001b[H",
    model: "/dev/sda is the card\u202e",
    mountpoints: ["/media/\u001b]0;x"],
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  expect(JSON.stringify([describeBlock(hostile, false), refusal(hostile)])).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(describeBlock(hostile, false).title).toContain("\\u001b[2J");
});

test("[S8] sizes of disks are as people know them", () => {
  expect([0, 512, 31_914_983_424, 2 * 1024 ** 4].map(formatDisk)).toEqual(["0 B", "512 B", "29.7 GiB", "2 TiB"]);
});
