/** Shows the device's directories and its Node at places that every uid can reach, in our own mount namespace. */
import { mkdir, writeFile } from "node:fs/promises";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { RootServerConfig } from "./config.ts";
import type { DevicePaths } from "./device.ts";

/** Throws SANDBOX_UNAVAILABLE where the kernel does not let us mount. */
export async function showDirectories(config: RootServerConfig, paths: DevicePaths): Promise<void> {
  await mkdir(paths.view, { recursive: true, mode: 0o711 });
  await show(config.dataDir, paths.shownData, "directory");
  await show(config.platformDir, paths.shownPlatform, "directory");
  await show(config.nodePath, paths.shownNode, "file");
}

async function show(source: string, target: string, kind: "directory" | "file"): Promise<void> {
  if (kind === "directory") await mkdir(target, { recursive: true });
  else await writeFile(target, "", { flag: "a" });
  // From a root server before us in the same mount namespace; mounts would pile up.
  await execa("umount", ["--lazy", target], { reject: false });
  await execa("mount", ["--bind", source, target]).catch((cause: unknown) => {
    throw new BulkheadError("SANDBOX_UNAVAILABLE", `${source} cannot be shown at ${target}`, {
      cause,
      remedy: "start the root server as root, or as uid 0 of a user namespace, in a mount namespace of its own",
    });
  });
}
