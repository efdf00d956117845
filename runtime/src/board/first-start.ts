/**
 * A board's first start: takes who the board is, from where it was told, to the board's own disk, and the release that it begins with.
 * Cut off anywhere, it begins anew; done, it only says who the board is.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { formatError, provisioningSchema, reportError } from "@bulkhead/protocol";
import { parseFile } from "../device/index.ts";
import { beginWithFactory } from "./factory.ts";
import { takeIdentity, wipeIdentity } from "./identity.ts";
import { type IdentityPlace, type Places, placesOf } from "./places.ts";

async function main(dataDir: string, { identity, factory }: Places): Promise<void> {
  const provisioning = join(dataDir, "provisioning.json");
  if (existsSync(provisioning)) await wipeLeftover(identity);
  else {
    await takeIdentity(dataDir, await identity.find());
    process.stdout.write("this board has taken its identity\n");
    await identity.forget();
  }
  const { deviceId, deviceKey } = await parseFile(provisioning, provisioningSchema);
  // For who gives the board a key (`bulkhead device admit`): the management service's word for it is not enough.
  process.stdout.write(`this board is ${deviceId}, its device key ${deviceKey}\n`);
  const release = await beginWithFactory(dataDir, factory);
  if (release) process.stdout.write(`this board begins with ${release.name} ${release.version}\n`);
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
  await main("/data", placesOf(process.argv.slice(2)));
}

begin().catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
