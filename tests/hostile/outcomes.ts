/** What came of attempts: inside as the component says, outside as root of the host. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFrameReader } from "@bulkhead/sdk";
import { execa } from "execa";
import { type Attempt, lineOf } from "./attempts/index.ts";
import type { Battery } from "./boot.ts";
import { errorName } from "./error-name.ts";

/** `step` is the call that was refused, from 0. */
export type Outcome = { readonly succeeded: boolean; readonly step: number; readonly error: string };

export function parseOutcomes(lines: readonly string[]): Map<number, Outcome> {
  return new Map(
    lines.map((line) => {
      const [index, word, step = "0", number = "0"] = line.split(" ");
      return [Number(index), { succeeded: word === "succeeded", step: Number(step), error: errorName(Number(number)) }];
    }),
  );
}

export function isAsExpected({ control }: Attempt, outcome: Outcome | undefined): boolean {
  if (control === "never") return outcome === undefined;
  if (outcome === undefined) return false;
  if (control === "succeeds") return outcome.succeeded;
  return control === "unsure" || outcome.succeeded || !["EPERM", "EACCES", "ENOSYS"].includes(outcome.error);
}

/** `closed` or `open`, or the code or result of call 1, where it was answered. */
export function metIn(line: string): string {
  const [, state = "", bytes = ""] = line.split(" ");
  let met = state;
  createFrameReader((message) => {
    const [kind, id, error, result] = message as [number, unknown, { code: string } | null, unknown];
    if (kind === 1 && id === 1) met = error?.code ?? String(result);
  }).push(Buffer.from(bytes, "hex"));
  return met;
}

/** Runs those that do no harm as root of the host, each in mounts of its own; `place` is an empty directory. */
export async function tryOutside(
  battery: Battery,
  place: string,
  attempts: readonly Attempt[],
): Promise<Map<number, Outcome>> {
  const program = `/proc/${await battery.pidOf("raw")}/root/app/main`;
  const [ask, said] = [join(place, "ask"), join(place, "said")];
  const lines = attempts.map((row, index) => (row.control === "never" ? "" : lineOf(row, index)));
  await writeFile(ask, `${lines.filter((line) => line !== "").join("\n")}\n`);
  await execa(program, [ask, said]);
  return parseOutcomes((await readFile(said, "utf8")).trimEnd().split("\n"));
}
