/** Runs a compiler; its first error becomes ours, with its place. */
import { basename, isAbsolute, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";

const placedError =
  /^(?<file>[^\s:][^:\n]*):(?<line>\d+):(?:(?<column>\d+):)? (?:fatal )?error(?:\[E\d+\])?: (?<what>.*)$/m;
const placed = /^(?:\*\* \(\w+\) )?(?<file>[^\s:][^:\n]*):(?<line>\d+):(?:(?<column>\d+):)? (?<what>.*)$/m;

/** Throws BUILD_FAILED with the place of the first error: `file:line:column: error: text`, as gcc, rustc and erlc have it. */
export async function compile(
  program: string,
  args: readonly string[],
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { stdout, stderr, failed, shortMessage } = await execa(program, args, {
    reject: false,
    cwd: folder,
    env: { LC_ALL: "C.UTF-8", SOURCE_DATE_EPOCH: "0", ...settings },
  });
  if (!failed) return;
  const text = `${stderr}\n${stdout}`;
  const found = placedError.exec(text) ?? placed.exec(text);
  const { file = "", line = "1", column = "1", what } = found?.groups ?? {};
  const reason = what ?? text.split("\n").find((row) => row.trim() !== "") ?? shortMessage;
  throw new BulkheadError("BUILD_FAILED", `${basename(folder)} cannot be compiled: ${reason}`, {
    ...(found && { place: { file: isAbsolute(file) ? file : join(folder, file), line: +line, column: +column } }),
  });
}
