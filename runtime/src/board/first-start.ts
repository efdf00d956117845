/**
 * A board's first start: takes who the board is, from where it was told, to the board's own disk, and the release that the image has.
 * Cut off anywhere, it begins anew; done, it does nothing.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, formatError, provisioningSchema, releaseSchema, reportError } from "@bulkhead/protocol";
import { parseFile } from "../device/index.ts";
import { installFactoryRelease } from "../generations/index.ts";
import { takeIdentity, wipeIdentity } from "./identity.ts";
import { type IdentityPlace, identityPlaceOf } from "./identity-place.ts";

async function main(dataDir: string, factoryDir: string, place: IdentityPlace): Promise<void> {
  const provisioning = join(dataDir, "provisioning.json");
  if (existsSync(provisioning)) await wipeLeftover(place);
  else {
    await takeIdentity(dataDir, await place.find());
    process.stdout.write("this board has taken its identity\n");
    await place.forget();
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
async function wipeLeftover(place: IdentityPlace): Promise<void> {
  try {
    if (!(await place.isThere())) return;
    await wipeIdentity(await place.find());
    await place.forget();
  } catch (error) {
    process.stderr.write(`what this board was told may still be readable: ${formatError(reportError(error))}\n`);
  }
}

async function begin(): Promise<void> {
  await main("/data", "/usr/lib/bulkhead/factory", identityPlaceOf(process.argv.slice(2)));
}

begin().catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
