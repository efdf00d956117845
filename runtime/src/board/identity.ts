/**
 * Who a board is: taken from the partition `identity`, which `bulkhead flash` wrote, at its first start. It holds an enrolment (protocol/src/enrolment.ts)
 * followed by zeroes: the board makes its device key itself, and redeems the token as soon as it reaches its management service. Or a tar archive of
 * provisioning.json, keys/ and sealing/, of a board that was enrolled beforehand. Cut off anywhere, it begins anew.
 */
import { createReadStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  BulkheadError,
  deviceIdOf,
  type Enrolment,
  enrolmentSchema,
  type Provisioning,
  provisioningSchema,
} from "@bulkhead/protocol";
import { execa } from "execa";
import { createFile } from "../generations/durable.ts";
import { initialiseKeys, openKeys } from "../key-store/key-file.ts";
import { writeToken } from "../key-store/token.ts";

/** What a board keeps of it; everything else in an archive is left where it is. */
const secretFiles = ["keys", "sealing"];
/** Makes the others count: a board that has it wipes its card at the next start. */
const identityFile = "provisioning.json";
/** An enrolment, whose largest part is the root of trust with at most 64 KiB. */
const enrolmentBytes = 256 * 1024;
/** What an archive may have: a card that is read later has no key of the board's. */
const identityBytes = 4 * 1024 * 1024;
const headBytes = 4096;

/** Takes what is at `place`, and wipes it. Throws FILE_UNREADABLE where there is nothing, ENROLMENT_INVALID, STATE_DAMAGED. */
export async function takeIdentity(dataDir: string, place: string): Promise<void> {
  const taken = join(dataDir, "identity.new");
  await rm(taken, { recursive: true, force: true });
  await mkdir(taken, { mode: 0o700 });
  const enrolment = await readEnrolment(place);
  if (enrolment) await makeKeys(taken, enrolment);
  else await unpack(taken, place);
  for (const name of secretFiles) {
    if (!existsSync(join(taken, name))) continue;
    await rm(join(dataDir, name), { recursive: true, force: true });
    await rename(join(taken, name), join(dataDir, name));
  }
  await syncDisk(dataDir);
  await rename(join(taken, identityFile), join(dataDir, identityFile));
  await rm(taken, { recursive: true, force: true });
  await syncDisk(dataDir);
  await wipeIdentity(place);
}

/** Whatever was written, by others as well. */
const syncDisk = (directory: string) => execa("sync", ["--file-system", directory]);

/**
 * Overwrites what `place` holds. Asked at each start: a board that was cut off between taking and wiping would keep it for ever. What it begins with
 * goes last, so a beginning of zeroes says that all of it is gone.
 */
export async function wipeIdentity(place: string): Promise<void> {
  const file = await open(place, "r+");
  try {
    const head = Buffer.alloc(headBytes);
    await file.read(head, 0, headBytes, 0);
    if (head.every((byte) => byte === 0)) return;
    await file.write(Buffer.alloc(identityBytes - headBytes), 0, identityBytes - headBytes, headBytes);
    await file.sync();
    await file.write(Buffer.alloc(headBytes), 0, headBytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined: it is not in this form. Throws ENROLMENT_INVALID. */
async function readEnrolment(place: string): Promise<Enrolment | undefined> {
  const file = await open(place, "r");
  const head = Buffer.alloc(enrolmentBytes);
  await file.read(head, 0, enrolmentBytes, 0).finally(() => file.close());
  if (head[0] !== 0x7b) return undefined;
  const end = head.indexOf(0);
  try {
    return enrolmentSchema.parse(JSON.parse(head.toString("utf8", 0, end === -1 ? undefined : end)));
  } catch {
    // No `cause`: it would quote what was read, and that holds keys.
    throw new BulkheadError("ENROLMENT_INVALID", "what this board was given to enrol itself with is damaged", {
      remedy: "write its card anew: bulkhead flash",
    });
  }
}

async function makeKeys(taken: string, { token, tunnelKey, invitation }: Enrolment): Promise<void> {
  const places = { directory: join(taken, "keys"), secret: { directory: join(taken, "sealing"), tpm: null } };
  const { deviceKey } = await initialiseKeys(places, tunnelKey);
  await writeToken(places.directory, (await openKeys(places)).sealer, token);
  const provisioning: Provisioning = { ...invitation, deviceId: deviceIdOf(deviceKey), deviceKey };
  const text = JSON.stringify(provisioningSchema.parse(provisioning));
  await createFile(join(taken, identityFile), 0o600, (file) => file.writeFile(text));
}

async function unpack(taken: string, place: string): Promise<void> {
  const unpacked = await execa("busybox", ["tar", "-x", "-f", "-", "-C", taken], {
    input: createReadStream(place),
    reject: false,
  });
  if (!unpacked.failed && existsSync(join(taken, identityFile))) return;
  throw new BulkheadError("FILE_UNREADABLE", "this board has not been told who it is", {
    remedy: "bulkhead flash --enrol writes an identity with the image",
  });
}
