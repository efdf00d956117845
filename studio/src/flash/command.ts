/** `bulkhead flash`: an image onto a card, a disk or, by a board's USB port, into its own memory. */
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { boardFor, refuseCardless } from "./board.ts";
import { flash } from "./flash.ts";
import { type Identity, makeIdentity } from "./identity.ts";
import { type Image, openImage } from "./image.ts";
import { showBytes } from "./progress.ts";
import { refuseTarget } from "./refusals.ts";
import { formatDisk, inspectTarget, type Target } from "./target.ts";
import { readTokenFile } from "./token-file.ts";
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
      description: "Give the card a one-time token, by which the board enrols itself under this name.",
      valueHint: "DEVICE-NAME",
    },
    "token-file": {
      type: "string",
      description: "Take the token from a file that `bulkhead device token` made.",
      valueHint: "FILE",
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
  "token-file"?: string | undefined;
  name: string;
  "force-size"?: boolean | undefined;
  "force-fixed"?: boolean | undefined;
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
};

async function toDisk(image: Image, board: Board | undefined, args: Args & { to: string }): Promise<void> {
  const target = await inspectTarget(args.to);
  refuseTarget(target, image.sizeBytes, { size: args["force-size"] ?? false, fixed: args["force-fixed"] ?? false });
  refuseCardless(board);
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
  const writtenBytes = await flashWith(identity, image, target);
  const seconds = (performance.now() - startMs) / 1000;
  const enrolled = identity === undefined ? "" : `; its board enrols itself as ${identity.name} at its first start`;
  const text = `${target.path}: ${formatDisk(writtenBytes)} written and read back in ${seconds.toFixed(1)} s${enrolled}`;
  printResult(
    args.json,
    {
      target: target.path,
      board: board?.board ?? null,
      writtenBytes,
      ms: Math.round(seconds * 1000),
      ...(identity && { name: identity.name }),
    },
    text,
  );
}

async function identityFor({ enrol, "token-file": file, name }: Args): Promise<Identity | undefined> {
  if (enrol !== undefined && file !== undefined)
    throw new BulkheadError("USAGE", "a token is asked for or there is one", {
      remedy: "give --enrol or --token-file",
    });
  if (file !== undefined) return await readTokenFile(resolve(file), Date.now());
  return enrol === undefined ? undefined : await makeIdentity(await openStudio(name), enrol);
}

/** Whatever ends it before the card is whole, the token that was asked for it is withdrawn. */
async function flashWith(identity: Identity | undefined, image: Image, target: Target): Promise<number> {
  const { writtenBytes } = await flash({
    image,
    target,
    identity: identity?.enrol,
    onProgress: showBytes(),
  }).catch(async (error: unknown) => {
    await identity?.withdraw();
    throw error;
  });
  await identity?.done();
  return writtenBytes;
}

async function toUsb(image: Image, board: Board | undefined, args: Args): Promise<void> {
  if (board === undefined) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `nothing beside ${image.file} says for which board it is`, {
      remedy: "by USB an image goes only to the board that its papers name",
    });
  }
  if (args.enrol !== undefined || args["token-file"] !== undefined) {
    throw new BulkheadError("USAGE", "a board that is written by USB is not enrolled by this command", {
      remedy: "write a card with --enrol, or enrol the board when it runs",
    });
  }
  const usb = usbCommand(board, {
    image: image.file,
    // A path of its own making: never an option of the program.
    bootLoader: args["boot-loader"] === undefined ? undefined : resolve(args["boot-loader"]),
  });
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
