/** Removes what a system keeps on this machine: parts of it, for a start that is to be a first one, or all of it. */
import { readdir, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import { claimInstance, recordName, stateDirectory } from "./instance.ts";
import { detectPrivilege, type Privilege, userNamespaceArguments } from "./privilege.ts";

/** Throws NOT_FOUND, naming the systems of this checkout that there are. */
export async function findKept(name: string, checkout: string): Promise<string> {
  const stateDir = stateDirectory(name, checkout);
  const ofThisCheckout = basename(stateDir).slice(name.length);
  const kept = await readdir(dirname(stateDir)).catch((): string[] => []);
  if (kept.includes(basename(stateDir))) return stateDir;
  const names = kept.filter((one) => one.endsWith(ofThisCheckout)).map((one) => one.slice(0, -ofThisCheckout.length));
  const remedy =
    names.length > 0 ? `there is ${names.toSorted().join(", ")}` : "nothing was started from this checkout";
  throw new BulkheadError("NOT_FOUND", `nothing is kept of a system ${name}`, { remedy });
}

/** Removes all that is kept of a system. Throws ALREADY_RUNNING where it runs. */
export async function forgetSystem(name: string, checkout: string): Promise<void> {
  const privilege = await detectPrivilege();
  const { stateDir, release } = await claimInstance(name, checkout, "end it first, with Ctrl-C where it was started");
  const kept = (await readdir(stateDir)).filter((one) => one !== recordName);
  try {
    await removeTrees(
      kept.map((one) => join(stateDir, one)),
      privilege,
    );
  } finally {
    // To the end it is ours, so that nobody starts from half of it.
    await release();
  }
  // Where it is not empty, somebody has begun anew by now.
  await rmdir(stateDir).catch(() => undefined);
}

export async function removeTrees(paths: readonly string[], privilege: Privilege): Promise<void> {
  // What belongs to the uids of components is the user's only inside the user namespace.
  if (privilege.kind === "user-range") {
    await execa("unshare", [...userNamespaceArguments(privilege), "rm", "-rf", "--", ...paths]);
  }
  for (const path of paths) await rm(path, { recursive: true, force: true });
}
