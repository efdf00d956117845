/** A release that was signed elsewhere, in the place of a system that is built. */
import { resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { SignedSource } from "../run/launcher.ts";

type Given = Partial<Record<"manifest" | "release" | "repository", string | undefined>>;

/** Undefined where none is named. Throws USAGE where the options do not say one thing. */
export function signedOf(args: Given): SignedSource | undefined {
  const { manifest, release, repository } = args;
  if (release === undefined && repository === undefined) return undefined;
  if (release !== undefined && repository !== undefined && manifest === undefined) {
    return { releaseDir: resolve(release), repositoryDir: resolve(repository) };
  }
  throw new BulkheadError("USAGE", "which release?", {
    remedy: "give --release DIR and --repository DIR, or --manifest FILE, or none of them",
  });
}
