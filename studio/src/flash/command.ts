/** `bulkhead flash`: an image onto a card, a disk or, by a board's USB port, into its own memory. */
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { findBoardFile } from "./board.ts";
import { flash } from "./flash.ts";
import type { Identity } from "./identity.ts";
import { type Image, openImage } from "./image.ts";
import { showBytes } from "./progress.ts";
import { refuseTarget } from "./refusals.ts";
import { formatDisk, inspectTarget, type Target } from "./target.ts";
import { formatCommand, runUsb, usbCommand } from "./usb.ts";

export const command = defineCommand({
  meta: { name: "flash", description: "Write an image to a board's card or memory, and read it back." },
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
      description: "Make the board's keys, and enrol it under this name.",
      valueHint: "DEVICE-NAME",
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

type Args = {
  "boot-loader"?: string | undefined;
  enrol?: string | undefined;
  name: string;
  "force-size"?: boolean | undefined;
  "force-fixed"?: boolean | undefined;
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
};

/** Undefined: neither the image nor the person says for which it is. */
function boardFor({ file, board }: Image, wanted: string | undefined): Board | undefined {
  const remedy = "give the image of that board, and keep its papers beside it";
  if (wanted !== undefined && board === undefined) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `nothing beside ${file} says for which board it is`, { remedy });
  }
  if (wanted !== undefined && board !== wanted) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `${file} is for board ${board}, not ${wanted}`, { remedy });
  }
  return board === undefined ? undefined : findBoardFile(board);
}

async function toDisk(image: Image, board: Board | undefined, args: Args & { to: string }): Promise<void> {
  const target = await inspectTarget(args.to);
  refuseTarget(target, image.sizeBytes, { size: args["force-size"] ?? false, fixed: args["force-fixed"] ?? false });
  if (board?.flash !== undefined && !board.flash.card) {
    const remedy = "it is written by USB: --usb";
    throw new BulkheadError("FLASH_TARGET_REFUSED", `board ${board.board} does not start from a card`, { remedy });
  }
  const what = describeTarget(target);
  if (args["dry-run"])
    return printResult(
      args.json,
      { dryRun: true, target: target.path, board: board?.board ?? null },
      `would write ${what}`,
    );
  if (
    !args.yes &&
    !(await confirm(`All that is on ${what} is lost. Write the image of ${board?.board ?? "an unknown board"}?`))
  ) {
    throw new BulkheadError("USAGE", "nothing was written", { remedy: "give --yes where no question is wanted" });
  }
  const identity = await identityFor(args);
  const startMs = performance.now();
  const made: { deviceId?: string } = {};
  const enrol =
    identity &&
    (async () => {
      const { deviceId, archive } = await identity.enrol();
      made.deviceId = deviceId;
      return archive;
    });
  const { writtenBytes } = await flash({ image, target, identity: enrol, onProgress: showBytes() }).finally(() =>
    identity?.discard(),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const enrolled = made.deviceId === undefined ? "" : `; it is ${args.enrol} (${made.deviceId})`;
  const text = `${target.path}: ${formatDisk(writtenBytes)} written and read back in ${seconds.toFixed(1)} s${enrolled}`;
  printResult(
    args.json,
    { target: target.path, board: board?.board ?? null, writtenBytes, ms: Math.round(seconds * 1000), ...made },
    text,
  );
}

async function identityFor({ enrol, name }: Args): Promise<Identity | undefined> {
  if (enrol === undefined) return undefined;
  // Loaded when it is wanted: it brings the bundler.
  const { makeIdentity } = await import("./identity.ts");
  return await withProgress("Making the board's keys", async () => makeIdentity(await openStudio(name), enrol));
}

async function toUsb(image: Image, board: Board | undefined, args: Args): Promise<void> {
  if (board === undefined) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `nothing beside ${image.file} says for which board it is`, {
      remedy: "by USB an image goes only to the board that its papers name",
    });
  }
  if (args.enrol !== undefined) {
    throw new BulkheadError("USAGE", "a board that is written by USB is not enrolled by this command", {
      remedy: "write a card with --enrol, or enrol the board when it runs",
    });
  }
  const usb = usbCommand(board, { image: image.file, bootLoader: args["boot-loader"] });
  const line = formatCommand(usb);
  if (args["dry-run"])
    return printResult(
      args.json,
      { dryRun: true, board: board.board, command: line, prepare: usb.prepare },
      `${usb.prepare}\n${line}`,
    );
  if (!args.yes && !(await confirm(`${usb.prepare}. All that is on the board is lost. Run ${line}?`))) {
    throw new BulkheadError("USAGE", "nothing was written", { remedy: "give --yes where no question is wanted" });
  }
  await runUsb(usb);
  printResult(
    args.json,
    { board: board.board, command: line },
    `${board.board}: written by ${usb.program}, which does not read back`,
  );
}

function describeTarget({ path, title, sizeBytes, kind }: Target): string {
  return kind === "file" ? `the file ${path}` : `${path} (${title}, ${formatDisk(sizeBytes)})`;
}
