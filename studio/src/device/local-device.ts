/** The files of a device that this machine runs itself, by the name of its system and its own. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../locations.ts";
import { stateDirectory } from "../run/instance.ts";
import { nameOf } from "../run/options.ts";
import { pathsBelow } from "../run/paths.ts";

export type LocalDevice = {
  /** Its disk. */
  readonly dataDir: string;
  readonly platformDir: string;
  /** Its root server's configuration file. */
  readonly config: string;
};

/** Throws NOT_FOUND. */
export async function findLocalDevice(name: string, device: string): Promise<LocalDevice> {
  const { devicesDir, platformDir } = pathsBelow(stateDirectory(nameOf(name), bulkheadDirectory));
  const names = await readdir(devicesDir).catch((): string[] => []);
  const dataDir = join(devicesDir, device);
  const config = join(dataDir, "root-server.json");
  if (names.includes(device) && existsSync(config)) return { dataDir, platformDir, config };
  const there =
    names.length > 0 ? `there is ${names.join(", ")}` : "none was started from this checkout under this name";
  throw new BulkheadError("NOT_FOUND", `this machine has no device ${device}`, {
    remedy: `${there}; on a board, say it there: docs/guide/look-inside.md, docs/guide/manifest.md, docs/guide/sticks.md`,
  });
}
