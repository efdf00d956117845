/**
 * Who a board is, as an archive for its partition `identity`: keys that are made here and now, and what the management service says to their public
 * halves. It is made at flash time, for one card: an image has none, and two cards never have the same.
 */
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError, provisioningSchema } from "@bulkhead/protocol";
import { execa } from "execa";
import type { StudioClient } from "../api/client.ts";
import { buildPlatform } from "../build/index.ts";
import { makeDeviceKeys } from "../run/device.ts";

export type Identity = {
  /** Enrols the keys and packs them with what the service says to them. Throws CONFLICT, STUDIO_UNREACHABLE and the like. */
  enrol(): Promise<{ readonly deviceId: string; readonly archive: Buffer }>;
  /** Nothing of them is left on this machine. */
  discard(): Promise<void>;
};

// Who presses Ctrl-C while a card is written leaves no keys behind either.
const signals = ["SIGINT", "SIGTERM"] as const;

/** Memory, where there is such: the private keys are to be on the card alone. */
const scratch = ["/dev/shm", tmpdir()];

/**
 * Makes the keys of a board that is to be called `name`. It is enrolled when its card is written, so that a bad card leaves no device behind that nobody
 * has; what can be refused beforehand is. Throws CONFLICT where the name is taken, STUDIO_UNREACHABLE.
 */
export async function makeIdentity(client: Pick<StudioClient, "enrol" | "devices">, name: string): Promise<Identity> {
  const isTaken = (await client.devices()).some((device) => device.name === name);
  if (isTaken)
    throw new BulkheadError("CONFLICT", `a device named ${name} is enrolled already`, {
      remedy: "choose another name",
    });
  const directory = await makeScratch();
  const onSignal = (signal: NodeJS.Signals) => {
    rmSync(directory, { recursive: true, force: true });
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  for (const signal of signals) process.once(signal, onSignal);
  const discard = async () => {
    for (const signal of signals) process.off(signal, onSignal);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [platformDir, identityDir] = [join(directory, "platform"), join(directory, "identity")];
    await mkdir(identityDir, { mode: 0o700 });
    await buildPlatform(platformDir);
    const keys = await makeDeviceKeys(identityDir, platformDir);
    await rm(platformDir, { recursive: true, force: true });
    return {
      enrol: async () => {
        const provisioning = provisioningSchema.parse(await client.enrol({ name, ...keys }));
        await writeFile(join(identityDir, "provisioning.json"), JSON.stringify(provisioning));
        return { deviceId: provisioning.deviceId, archive: await pack(identityDir) };
      },
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** A tar archive (ustar) of all that is in `directory`; owners are root, since it is root of the board that unpacks it. */
export async function pack(directory: string): Promise<Buffer> {
  const options = ["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"];
  const packed = await execa("tar", [...options, "--directory", directory, "--", "."], {
    encoding: "buffer",
    reject: false,
  });
  if (packed.failed)
    throw new BulkheadError("FLASH_IDENTITY_FAILED", "the identity could not be packed", { cause: packed });
  return Buffer.from(packed.stdout);
}

async function makeScratch(): Promise<string> {
  for (const place of scratch) {
    const made = await mkdtemp(join(place, "bulkhead-identity-")).catch(() => undefined);
    if (made !== undefined) return made;
  }
  throw new BulkheadError("STATE_UNWRITABLE", "there is no place for temporary files", { remedy: "set TMPDIR" });
}
