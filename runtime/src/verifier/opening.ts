/** The verifier's way to the key store: keys of single files, and the key of the deployment, which it passes on without seeing it. */
import { BulkheadError, type Command, usualDeployment } from "@bulkhead/protocol";
import type { Client, releaseOpeningInterface } from "@bulkhead/sdk";
import type { Unwrap } from "../age/index.ts";
import type { VerifierConfig } from "./config.ts";

export type Opening = Pick<Client<typeof releaseOpeningInterface>, "admit" | "unwrap">;
type Admit = Extract<Command, { kind: "admit" }>;

/** Nothing is opened where there is no key store to ask: in systems that were built before it opened anything. */
export function createUnwrap(opening: Opening | undefined): Unwrap {
  return async (all) => {
    const stanzas = all.flatMap(({ args: [kind, share = "", ...more], body }) => {
      const isOurs = kind === "X25519" && more.length === 0 && share.length === 43 && body.length === 32;
      return isOurs ? [{ share, body: new Uint8Array(body) }] : [];
    });
    if (opening === undefined || stanzas.length === 0) return undefined;
    const { fileKey } = await opening.unwrap({ stanzas: stanzas.slice(0, 64) });
    return fileKey ?? undefined;
  };
}

/** Of a command that operators signed: another deployment's key is not this device's. Throws COMMAND_INVALID, SEALED_… errors. */
export function createAdmit(
  opening: Opening | undefined,
  { provisioning }: Pick<VerifierConfig, "provisioning">,
): (command: Admit) => Promise<void> {
  const own = provisioning.deployment ?? usualDeployment;
  return async ({ deployment, publicKey, wrapped }) => {
    if (deployment !== own) {
      throw new BulkheadError("COMMAND_INVALID", `the key is for ${deployment}, and this device is in ${own}`, {
        remedy: "give it the key of its own deployment",
      });
    }
    if (opening === undefined) {
      throw new BulkheadError("COMMAND_INVALID", "the system that runs has no channel from verifier to key store", {
        remedy: "deploy a readable release that was built with this version once",
      });
    }
    await opening.admit({ deployment, publicKey, wrapped: new Uint8Array(Buffer.from(wrapped, "base64")) });
  };
}
