/** `bulkhead flash`: an image onto a card, a disk or, by a board's USB port, into its own memory. */
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { serverOption } from "../api/server-option.ts";
import { yesOption } from "../cli/confirm.ts";
import { jsonOption } from "../cli/output.ts";
import { boardFor } from "./board.ts";
import { openImage } from "./image.ts";
import { toDisk } from "./to-disk.ts";
import { toUsb } from "./to-usb.ts";

export const command = defineCommand({
  meta: {
    name: "flash",
    description: "Write an image to a board's card, and read it back; or to its memory, by its maker's program.",
  },
  args: {
    image: { type: "positional", description: "The image; its block map and papers lie beside it.", required: true },
    to: { type: "string", description: "The disk to write, or a file.", valueHint: "DEVICE" },
    usb: { type: "boolean", description: "Write the board's own memory through its USB port." },
    "boot-loader": {
      type: "string",
      description: "What a board starts from that is written by USB.",
      valueHint: "FILE",
    },
    board: {
      type: "string",
      description: "The board that it is for; an image of another is refused.",
      valueHint: "NAME",
    },
    enrol: {
      type: "string",
      description: "Give the board a one-time token, by which it enrols itself under this name.",
      valueHint: "DEVICE-NAME",
    },
    "token-file": {
      type: "string",
      description: "Take the token from a file that `bulkhead device token` made.",
      valueHint: "FILE",
    },
    deployment: {
      type: "string",
      description: "With --enrol: whose overlays the board takes, for good. Default: default.",
      valueHint: "NAME",
    },
    ...serverOption,
    "force-size": { type: "boolean", description: "Write a disk that is larger than a card would be." },
    "force-fixed": { type: "boolean", description: "Write a disk that is built in." },
    "dry-run": { type: "boolean", description: "Say what would be done, and do nothing." },
    ...yesOption,
    ...jsonOption,
  },
  async run({ args }) {
    const { to, usb = false } = args;
    if (usb === (to !== undefined))
      throw new BulkheadError("USAGE", "where to?", { remedy: "give --to DEVICE, or --usb" });
    const image = await openImage(resolve(args.image));
    try {
      const board = boardFor(image, args.board);
      if (to === undefined) await toUsb(image, board, args);
      else await toDisk(image, board, { ...args, to });
    } finally {
      await image.handle.close();
    }
  },
});
