/** Named network namespaces. They are pinned below /run/netns, which is the root server's own tmpfs. */
import { access } from "node:fs/promises";
import { runTool } from "./tools.ts";

/** The file that pins a namespace; entering it enters the namespace. */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/** Makes them all or none. A namespace of that name from before is thrown away: rules and links never carry over. */
export async function createNamespaces(names: readonly string[]): Promise<void> {
  await deleteNamespaces(names);
  try {
    for (const name of names) await runTool("ip", ["netns", "add", name], `making the network namespace ${name}`);
  } catch (error) {
    await deleteNamespaces(names);
    throw error;
  }
}

/** Unpins those that are there. A namespace ends, with all links in it, when its last process has ended too. */
export async function deleteNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!(await exists(namespacePath(name)))) continue;
    await runTool("ip", ["netns", "delete", name], `deleting the network namespace ${name}`);
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
