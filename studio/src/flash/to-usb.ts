/** `bulkhead flash --usb`: an image into a board's own memory, by its maker's program. */
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { confirm } from "../cli/confirm.ts";
import { withInterrupts } from "../cli/interruption.ts";
import { printResult } from "../cli/output.ts";
import { checkEnrolment, type EnrolmentArgs, enrolsItself, identityFor } from "./enrolment.ts";
import type { Image } from "./image.ts";
import { copyPrefix } from "./private-copy.ts";
import { showBytes } from "./progress.ts";
import { formatCommand, usbCommand } from "./usb.ts";
import { flashByUsb } from "./usb-flash.ts";

export type UsbArgs = EnrolmentArgs & {
  "boot-loader"?: string | undefined;
  "dry-run"?: boolean | undefined;
  yes?: boolean | undefined;
  json?: boolean | undefined;
};

export async function toUsb(image: Image, board: Board | undefined, args: UsbArgs): Promise<void> {
  if (board === undefined) {
    throw new BulkheadError("FLASH_WRONG_BOARD", `nothing beside ${image.file} says for which board it is`, {
      remedy: "by USB an image goes only to the board that its papers name",
    });
  }
  checkEnrolment(args);
  // A path of its own making: never an option of the program.
  const bootLoader = args["boot-loader"] === undefined ? undefined : resolve(args["boot-loader"]);
  const commandFor = (file: string) => usbCommand(board, { image: file, bootLoader });
  const enrols = args.enrol !== undefined || args["token-file"] !== undefined;
  const planned = commandFor(enrols ? join(tmpdir(), `${copyPrefix}XXXXXX`, basename(image.file)) : image.file);
  const line = formatCommand(planned);
  const { prepare } = planned;
  if (args["dry-run"]) {
    const copied = enrols
      ? `${image.file} is copied for it, with a token, to a folder that is removed afterwards\n`
      : "";
    const result = { dryRun: true, board: board.board, command: line, prepare };
    return printResult(args.json, result, `${prepare}\n${copied}${line}`);
  }
  if (!args.yes && !(await confirm(`${prepare}. All that is on the board is lost. Run ${line}?`))) {
    throw new BulkheadError("USAGE", "nothing was written", { remedy: "give --yes where no question is wanted" });
  }
  const identity = await identityFor(args);
  await withInterrupts((signal) => flashByUsb({ image, commandFor, identity, onProgress: showBytes(), signal }));
  const name = identity && { name: identity.name };
  const text = `${board.board}: written by ${planned.program}, which does not read back${enrolsItself(identity)}`;
  printResult(args.json, { board: board.board, command: line, ...name }, text);
}
