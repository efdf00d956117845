/** What a comparison found, as text. Pure. */
import { printable } from "../../cli/printable.ts";
import type { Difference } from "./differences.ts";
import type { Verification } from "./index.ts";

export function formatVerification({ same, target, releaseDigest, differences, notCompared }: Verification): string {
  const name = `${target.name}, release ${target.releaseCounter}`;
  if (same) return printable(`${name}: rebuilt from the sources here, the same bytes; digest ${releaseDigest}`);
  return [
    `${name}: rebuilt from the sources here, and NOT the same`,
    ...(target.digest === releaseDigest ? [] : [`  digest ${target.digest}, here ${releaseDigest}`]),
    ...differences.map(line),
    ...notCompared.map((text) => `  ? ${text}`),
  ]
    .map(printable)
    .join("\n");
}

function line({ in: place, component, path, what, offset, was, is }: Difference): string {
  const where = [component ?? place, path].filter((part) => part !== undefined).join(": ");
  const bytes = offset === undefined ? "" : `, from byte ${offset} on: ${was} was, ${is} is`;
  return `  ! ${where}: ${what}${bytes}`;
}
