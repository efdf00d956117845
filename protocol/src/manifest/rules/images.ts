/** An image is a folder that is there or a driver that this version has; a driver's services come with it. */
import type { ErrorReport } from "../../errors.ts";
import { imageEntries } from "../../images.ts";
import { type RunnerName, runnerSchema } from "../../system.ts";
import { atKey, atValue, driverClassOf } from "../analysis.ts";
import { driverClasses } from "../services.ts";
import type { Source } from "../source.ts";
import { suggest } from "../suggest.ts";
import type { ComponentWritten, ManifestWritten } from "../written.ts";

/** Runs before channels are linked, for a wrong image makes every channel to it wrong as well. */
export function imageRule(
  written: ManifestWritten,
  source: Source,
  hasImage: (source: string, entries: readonly string[]) => boolean = () => true,
): ErrorReport[] {
  return Object.entries(written.components).flatMap(([name, component]) => {
    const driver = driverClassOf(component.image);
    if (driver !== undefined) return checkDriver(name, driver, component, source);
    const entries = imageEntries[runnerOf(component)];
    if (hasImage(component.image, entries)) return [];
    const wanted = entries.map((entry) => `${component.image}/${entry}`).join(" or ");
    const message = `the image of \`${name}\` is missing: there is no ${wanted} beside the manifest`;
    const remedy = "create it, or correct the folder's name";
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: imagePath(name), message, remedy })];
  });
}

function checkDriver(name: string, driver: string, component: ComponentWritten, source: Source): ErrorReport[] {
  if (!driverClasses.includes(driver)) {
    const message = `there is no driver \`${driver}\``;
    const remedy = suggest(driver, driverClasses);
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: imagePath(name), message, remedy })];
  }
  if (component.provides === undefined) return [];
  const path = ["components", name, "provides"];
  const message = `\`${name}\` is a driver: what it provides comes with its image`;
  return [atKey(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "remove `provides`" })];
}

// A runner that there is none of is refused by another rule.
const runnerOf = ({ runner }: ComponentWritten): RunnerName => runnerSchema.safeParse(runner).data ?? "node";

const imagePath = (name: string) => ["components", name, "image"];
