/**
 * A board's first start: takes what `bulkhead flash` put into the partition `identity` to the board's own disk, and the release that the image has.
 * Cut off anywhere, it begins anew; done, it does nothing.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, formatError, provisioningSchema, releaseSchema, reportError } from "@bulkhead/protocol";
import { parseFile } from "../device/index.ts";
import { installFactoryRelease } from "../generations/index.ts";
import { takeIdentity, wipeIdentity } from "./identity.ts";
import { findPartition } from "./partitions.ts";

async function main(dataDir: string, factoryDir: string): Promise<void> {
  const provisioning = join(dataDir, "provisioning.json");
  if (existsSync(provisioning)) await wipeLeftover();
  else {
    await takeIdentity(dataDir, await findPartition("identity"));
    process.stdout.write("this board has taken its identity\n");
  }
  await parseFile(provisioning, provisioningSchema);
  const release = releaseSchema.parse(JSON.parse(await readFile(join(factoryDir, "release.json"), "utf8")));
  try {
    await installFactoryRelease(dataDir, release, join(factoryDir, "artifacts"));
  } catch (error) {
    // It has its releases already.
    if (error instanceof BulkheadError && error.code === "CONFLICT") return;
    throw error;
  }
  process.stdout.write(`this board begins with ${release.name} ${release.version}\n`);
}

/** Of a first start that was cut off before it had wiped. A board that knows who it is starts all the same where that fails. */
async function wipeLeftover(): Promise<void> {
  try {
    await wipeIdentity(await findPartition("identity"));
  } catch (error) {
    process.stderr.write(`what this board's card brought may still be on it: ${formatError(reportError(error))}\n`);
  }
}

main("/data", "/usr/lib/bulkhead/factory").catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
