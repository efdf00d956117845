/** The compiler: manifest text in, plan or errors out. The phases are the files beside this one. */
import { BulkheadError, type ErrorReport, reportError } from "../errors.ts";
import { atValue } from "./analysis.ts";
import { type Board, type BoardText, parseBoard } from "./board.ts";
import { linkChannels } from "./link.ts";
import { noticesOf } from "./notices.ts";
import type { Plan } from "./plan.ts";
import { resolvePlan } from "./resolve.ts";
import { imageRule } from "./rules/images.ts";
import { rules } from "./rules/index.ts";
import { inFileOrder, parseWritten } from "./schema-errors.ts";
import { readSource, type Source } from "./source.ts";
import { type ManifestWritten, manifestWritten } from "./written.ts";

export type CompileOptions = {
  /** Name of the manifest in error messages. */
  readonly file: string;
  /** The board file of this name, or undefined where there is none. */
  readonly board: (name: string) => BoardText | undefined;
  /** Whether an application's folder (`./climate`) holds one of `entries`, so a component; unset: not asked. */
  readonly hasImage?: (source: string, entries: readonly string[]) => boolean;
};

/** `source` finds the place of what a later step has to say about the manifest. */
export type Compiled =
  | { readonly plan: Plan; readonly board: Board; readonly source: Source; readonly notices: readonly ErrorReport[] }
  | { readonly errors: readonly ErrorReport[] };

/**
 * Compiles a manifest: reads, validates, links, resolves and analyses it. Never throws for anything that a manifest or
 * a board file can hold: every problem is an error with code, place, message and (mostly) remedy, in the order of the file.
 *
 * @example
 * const compiled = compile(text, { file: "manifest.yaml", board: (name) => boards.get(name) });
 * if ("errors" in compiled) for (const error of compiled.errors) console.error(formatError(error));
 */
export function compile(text: string, options: CompileOptions): Compiled {
  try {
    const source = readSource(text, options.file);
    const parsed = parseWritten(manifestWritten, source);
    if ("errors" in parsed) return parsed;
    const found = findBoard(parsed.value, source, options);
    if ("errors" in found) return found;
    return analyse(parsed.value, source, found.board, options);
  } catch (error) {
    if (error instanceof BulkheadError) return { errors: [reportError(error)] };
    throw error;
  }
}

function findBoard(
  written: ManifestWritten,
  source: Source,
  options: CompileOptions,
): { board: Board } | { errors: ErrorReport[] } {
  const text = options.board(written.board);
  if (text !== undefined) return parseBoard(text);
  const message = `there is no board \`${written.board}\``;
  const remedy = "`board:` names a file in manifests/boards/, for example `virtual`";
  return { errors: [atValue(source, { code: "MANIFEST_UNKNOWN_BOARD", path: ["board"], message, remedy })] };
}

function analyse(written: ManifestWritten, source: Source, board: Board, options: CompileOptions): Compiled {
  const { channels, errors } = linkChannels(written, source);
  const images = imageRule(written, source, options.hasImage);
  // Rules read a linked plan: what leads nowhere would only give them errors of errors.
  if (errors.length + images.length > 0) return { errors: inFileOrder([...errors, ...images]) };
  const plan = resolvePlan(written, board, channels);
  const analysis = { written, source, board, plan };
  const violations = rules.flatMap((rule) => rule(analysis));
  if (violations.length > 0) return { errors: inFileOrder(violations) };
  return { plan, board, source, notices: inFileOrder(noticesOf(analysis)) };
}
