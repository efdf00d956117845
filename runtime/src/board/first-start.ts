/**
 * A board's first start: takes what `bulkhead flash` put into the partition `identity` (a tar archive of provisioning.json, keys/ and sealing/) to
 * the board's own disk, and the release that the image has. Cut off anywhere, it begins anew; done, it does nothing.
 */
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, formatError, provisioningSchema, releaseSchema, reportError } from "@bulkhead/protocol";
import { execa } from "execa";
import { parseFile } from "../device/index.ts";
import { installFactoryRelease } from "../generations/index.ts";
import { findPartition } from "./partitions.ts";

/** What an archive may hold; everything else in it is left where it is. */
const identityFiles = ["keys", "sealing", "provisioning.json"];
/** The archive and what it had: a card that is read later has no key of the board's. */
const identityBytes = 4 * 1024 * 1024;

async function main(dataDir: string, factoryDir: string): Promise<void> {
  const provisioning = join(dataDir, "provisioning.json");
  if (!existsSync(provisioning)) await takeIdentity(dataDir);
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

async function takeIdentity(dataDir: string): Promise<void> {
  const place = await findPartition("identity");
  const taken = join(dataDir, "identity.new");
  await rm(taken, { recursive: true, force: true });
  await mkdir(taken, { mode: 0o700 });
  const unpacked = await execa("busybox", ["tar", "-x", "-f", "-", "-C", taken], {
    input: createReadStream(place),
    reject: false,
  });
  if (unpacked.failed || !existsSync(join(taken, "provisioning.json"))) {
    throw new BulkheadError("FILE_UNREADABLE", "this board has not been told who it is", {
      remedy: "bulkhead flash writes an identity with the image",
    });
  }
  // The last name makes the others count.
  for (const name of identityFiles) {
    if (!existsSync(join(taken, name))) continue;
    await rm(join(dataDir, name), { recursive: true, force: true });
    await rename(join(taken, name), join(dataDir, name));
  }
  await rm(taken, { recursive: true, force: true });
  await execa("sync", ["--file-system", dataDir]);
  await wipe(place);
  process.stdout.write("this board has taken its identity\n");
}

async function wipe(place: string): Promise<void> {
  const file = await open(place, "r+");
  try {
    await file.write(Buffer.alloc(identityBytes), 0, identityBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

main("/data", "/usr/lib/bulkhead/factory").catch((error: unknown) => {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
});
