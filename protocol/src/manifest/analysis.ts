/** What a rule of the analysis gets and gives: the manifest in its three forms, and errors with places. */
import type { ErrorCode, ErrorReport } from "../errors.ts";
import type { Board } from "./board.ts";
import type { Plan } from "./plan.ts";
import type { Path, Source } from "./source.ts";
import type { ManifestWritten } from "./written.ts";

export type Analysis = {
  readonly written: ManifestWritten;
  readonly source: Source;
  readonly board: Board;
  readonly plan: Plan;
};

/** A rule: looks at everything, changes nothing, returns every violation of the one thing it is about. */
export type Rule = (analysis: Analysis) => ErrorReport[];

type Finding = { code: ErrorCode; path: Path; message: string; remedy?: string | undefined };

/** An error at the value that stands at `path`. */
export function atValue(source: Source, { code, path, message, remedy }: Finding): ErrorReport {
  return { code, message, place: source.placeOf(path), ...(remedy !== undefined && { remedy }) };
}

/** An error at the key that stands at `path`. */
export function atKey(source: Source, { code, path, message, remedy }: Finding): ErrorReport {
  return { code, message, place: source.keyPlaceOf(path), ...(remedy !== undefined && { remedy }) };
}

/** The driver class of `driver:i2c`; undefined for an application's folder. */
export function driverClassOf(image: string): string | undefined {
  return image.startsWith("driver:") ? image.slice("driver:".length) : undefined;
}

/** `a → b → c`. */
export const arrows = (names: readonly string[]): string => names.join(" → ");
