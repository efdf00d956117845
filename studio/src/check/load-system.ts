/** Loads what can be looked at: a manifest (YAML), or a release that was built of one (its directory or its release.json). */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BulkheadError, releaseSchema } from "@bulkhead/protocol";
import type { Board, Plan } from "@bulkhead/protocol/manifest";
import { ManifestError } from "../build/manifest-error.ts";
import { loadManifest } from "./load.ts";

/** `board` is there for a manifest only: a release carries no board file. */
export type LoadedSystem = { readonly plan: Plan; readonly board: Board | undefined };

/** Throws FILE_UNREADABLE, RELEASE_INVALID, or a ManifestError with all errors of the manifest. */
export function loadSystem(path: string): LoadedSystem {
  const release = releaseFile(path);
  if (release !== undefined) return { plan: readRelease(release), board: undefined };
  const { compiled } = loadManifest(path);
  if ("errors" in compiled) throw new ManifestError(compiled.errors);
  return { plan: compiled.plan, board: compiled.board };
}

function releaseFile(path: string): string | undefined {
  if (path.endsWith(".json")) return path;
  const inside = join(path, "release.json");
  return existsSync(path) && statSync(path).isDirectory() && existsSync(inside) ? inside : undefined;
}

function readRelease(file: string): Plan {
  try {
    return releaseSchema.parse(JSON.parse(readFileSync(file, "utf8"))).system;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new BulkheadError("FILE_UNREADABLE", `${file} does not exist`, {
        cause,
        remedy: "give a manifest or a release",
      });
    }
    const remedy = "give the directory that `bulkhead build` made, or its release.json";
    throw new BulkheadError("RELEASE_INVALID", `${file} is not a release`, { cause, remedy });
  }
}
