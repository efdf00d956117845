/**
 * When a release says that it was built. Not when somebody built it: the same sources are to give the same bytes on another day. It is the
 * date of the sources, as SOURCE_DATE_EPOCH (reproducible-builds.org) or their newest commit has it.
 */
import { BulkheadError } from "@bulkhead/protocol";
import { commitOf } from "./commit.ts";

export type BuildDate = { readonly ms: number; readonly from: "SOURCE_DATE_EPOCH" | "commit" | "clock" };

/** Of the sources in `directory`. `clock`: they are of no commit, so that a build on another day has another date. */
export async function dateOf(directory: string, environment = process.env): Promise<BuildDate> {
  const { SOURCE_DATE_EPOCH: epoch } = environment;
  if (epoch !== undefined) return { ms: secondsOf(epoch) * 1000, from: "SOURCE_DATE_EPOCH" };
  const commit = await commitOf(directory);
  return commit === undefined ? { ms: Date.now(), from: "clock" } : { ms: commit.dateS * 1000, from: "commit" };
}

export async function dateMs(directory: string): Promise<number> {
  return (await dateOf(directory)).ms;
}

function secondsOf(epoch: string): number {
  if (/^\d{1,12}$/.test(epoch)) return Number(epoch);
  throw new BulkheadError("ENVIRONMENT_INVALID", `SOURCE_DATE_EPOCH=${epoch} is not a number of seconds`);
}
