/** Boards that are written by a USB cable: the maker's program speaks to the processor's first program, with the arguments of the board file. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Board } from "@bulkhead/protocol/manifest";
import { execa } from "execa";

export type UsbCommand = { readonly program: string; readonly arguments: readonly string[]; readonly prepare: string };

/** Throws FLASH_TARGET_REFUSED where the board knows no such way, USAGE where a file is not given. */
export function usbCommand(board: Board, files: { image: string; bootLoader: string | undefined }): UsbCommand {
  const usb = board.flash?.usb;
  if (usb === undefined) {
    const remedy = board.flash?.card ? "write a card: --to DISK" : "its board file (`flash:`) names no way";
    throw new BulkheadError("FLASH_TARGET_REFUSED", `board ${board.board} is not written by USB`, { remedy });
  }
  const words = usb.arguments.map((word) => {
    if (word === "{image}") return files.image;
    if (word !== "{boot-loader}") return word;
    if (files.bootLoader !== undefined) return files.bootLoader;
    throw new BulkheadError("USAGE", `board ${board.board} is written with the help of a boot loader`, {
      remedy: `give --boot-loader FILE: ${board.image?.bring[0]?.what ?? "the board's"}`,
    });
  });
  return { program: usb.program, arguments: words, prepare: usb.prepare };
}

/** As a shell would take it. */
export function formatCommand({ program, arguments: words }: UsbCommand): string {
  return [program, ...words]
    .map((word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** Runs it with the terminal's output, and has ended it when the signal is aborted. Throws MISSING_PROGRAM, FLASH_WRITE_FAILED, the signal's reason. */
export async function runUsb(command: UsbCommand, signal: AbortSignal): Promise<void> {
  // Its progress is no result of ours: both of its outputs go to standard error.
  const done = await execa(command.program, [...command.arguments], {
    stdin: "inherit",
    stdout: 2,
    stderr: "inherit",
    reject: false,
    cancelSignal: signal,
  });
  if (!done.failed) return;
  signal.throwIfAborted();
  if (done.cause instanceof Error && "code" in done.cause && done.cause.code === "ENOENT") {
    throw new BulkheadError("MISSING_PROGRAM", `${command.program} is not installed`, {
      remedy: `install it (Debian: the package ${command.program}), or look at the command with --dry-run`,
    });
  }
  throw new BulkheadError("FLASH_WRITE_FAILED", `${command.program} ended with code ${done.exitCode ?? done.signal}`, {
    cause: done.cause,
    remedy: command.prepare,
  });
}
