/**
 * A release with an overlay put on it. The studio shows what a device will say, by the same code: only marked places, each
 * within its range, and the whole looked at again. Pure.
 */
import { canonicalJson } from "../canonical-json.ts";
import { sha256 } from "../crypto.ts";
import { BulkheadError } from "../errors.ts";
import { memoryNeeds } from "../manifest/needs.ts";
import { formatSize } from "../manifest/units.ts";
import { type InstalledRelease, installedReleaseSchema, type Release } from "../release.ts";
import type { System } from "../system.ts";
import type { Overlay } from "./document.ts";
import { valueAt, withoutPlaces, withValueAt } from "./place.ts";
import { whyUnfit } from "./range.ts";

/** What runs: the digest is the effective one, which the device reports. */
export type Effective = { readonly release: InstalledRelease; readonly digest: string };

/** Throws OVERLAY_NOT_ALLOWED naming the place and what it may be. */
export function applyOverlay(release: Release, { document, digest }: { document: Overlay; digest: string }): Effective {
  const system = Object.entries(document.values).reduce((before, [place, value]) => {
    const range = rangeOf(release.system, place);
    const unfit = whyUnfit(range, value);
    if (unfit === undefined) return withValueAt(before, place, value);
    throw notAllowed(`${place} is ${show(value)}, and ${unfit}`, "write a value within what the release marks");
  }, release.system);
  const overlay = { name: document.overlay, overlayCounter: document.overlayCounter, digest, base: document.base };
  const merged = installedReleaseSchema.parse({ ...release, system, overlay });
  checkSums(merged.system);
  return { release: merged, digest: sha256(canonicalJson(merged)) };
}

/**
 * Why `merged` is more than `release` with values at marked places, or undefined. Looks at the two documents alone, so that
 * it holds whatever made the one of the other.
 */
export function whyBeyond(release: Release, merged: InstalledRelease): string | undefined {
  const ranges = release.system.overlayable?.values ?? {};
  const places = Object.keys(ranges);
  const { overlay: _, ...rest } = merged;
  const shown = (one: Release) => canonicalJson({ ...one, system: withoutPlaces(one.system, places) });
  if (shown(rest) !== shown(release)) return "it differs from the release where the release marks nothing";
  for (const [place, range] of Object.entries(ranges)) {
    const unfit = whyUnfit(range, valueAt(merged.system, place));
    if (unfit !== undefined) return `${place} ${unfit}`;
  }
  const gained = Object.entries(merged.system.components).find(
    ([name, { network }]) => !network.every((proxy) => release.system.components[name]?.network.includes(proxy)),
  );
  return gained && `${gained[0]} would reach a proxy that it does not reach in the release`;
}

function rangeOf({ overlayable }: System, place: string) {
  const values = overlayable?.values ?? {};
  const range = Object.hasOwn(values, place) ? values[place] : undefined;
  if (range !== undefined) return range;
  const marked = Object.keys(values);
  const remedy =
    marked.length === 0
      ? "the release marks nothing: `overlayable` of a component in its manifest does"
      : `it marks ${marked.slice(0, 16).join(", ")}${marked.length > 16 ? ", …" : ""}`;
  throw notAllowed(`the release does not let overlays set ${place}`, remedy);
}

/** What a place at a time cannot show: that together they still fit. Fewer proxies only take flows away. */
function checkSums(system: System): void {
  const { totalBytes } = memoryNeeds(system);
  const { memoryBytes = 0 } = system.overlayable ?? {};
  if (totalBytes <= memoryBytes) return;
  const message = `the components may use ${formatSize(totalBytes)} with it, and the board has ${formatSize(memoryBytes)}`;
  throw notAllowed(message, `give ${formatSize(totalBytes - memoryBytes)} less`);
}

const show = (value: unknown): string => JSON.stringify(value).slice(0, 80);

function notAllowed(message: string, remedy: string): BulkheadError {
  return new BulkheadError("OVERLAY_NOT_ALLOWED", message, { remedy });
}
