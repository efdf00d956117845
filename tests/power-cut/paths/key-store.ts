/** The path of a deployment's key: an operator's command brings it, the verifier passes it on, and the key store keeps it, sealed. */
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type CommandEnvelope, deviceIdOf, generateX25519Key, type KeyPair } from "@bulkhead/protocol";
import { expect } from "vitest";
import { openAge } from "../../../runtime/src/age/index.ts";
import { openDeploymentKeys } from "../../../runtime/src/key-store/deployment-keys.ts";
import { initialiseKeys, openKeys } from "../../../runtime/src/key-store/key-file.ts";
import { openingPair } from "../../../runtime/src/key-store/opening-key.ts";
import { createUnwrap, type Opening } from "../../../runtime/src/verifier/opening.ts";
import { signCommand } from "../../../studio/src/api/sign-command.ts";
import { memorySigner } from "../../../studio/src/keys/signer.ts";
import { wrapKey } from "../../../studio/src/seal/wrap.ts";
import type { UpdatePath } from "../update-path.ts";
import { expectAccepted, expectRefused, makeDirectories, open, type Published } from "./published.ts";

type OpenStore = { readonly opening: Opening; readonly deviceId: string; readonly openingKey: string };

const placesIn = (root: string) => ({
  directory: join(root, "keys"),
  secret: { directory: join(root, "sealing"), tpm: null },
});

/** As at the start of the device's key store. */
export async function openKeyStore(root: string): Promise<OpenStore> {
  const places = placesIn(root);
  const { keys, sealer } = await openKeys(places);
  const store = await openDeploymentKeys(places.directory, keys, sealer);
  return {
    // As the channel between the two has it.
    opening: { admit: store.admit, unwrap: async (args) => store.unwrap(args) },
    deviceId: deviceIdOf(keys.deviceKey.publicKey),
    openingKey: openingPair(sealer).publicKey,
  };
}

/** A store that was given `keys` before. */
export async function makeKeyStore(root: string, keys: readonly KeyPair[]): Promise<void> {
  await initialiseKeys(placesIn(root));
  const { opening, ...device } = await openKeyStore(root);
  for (const key of keys) {
    const wrapped = new Uint8Array(Buffer.from(await wrapKey("field", key, device), "base64"));
    await opening.admit({ deployment: "field", publicKey: key.publicKey, wrapped });
  }
}

export function keyStorePaths(published: Published) {
  const [before, next] = [generateX25519Key(), generateX25519Key()];
  const openBoth = async (root: string) => {
    const { opening, ...device } = await openKeyStore(root);
    const provisioning = { ...published.config.provisioning, deviceId: device.deviceId };
    const change = { provisioning, unsignedCommands: false };
    return { gate: await open(root, published, published.staged[1], change, opening), opening, device };
  };
  type Both = Awaited<ReturnType<typeof openBoth>>;

  async function give({ gate, device }: Both): Promise<CommandEnvelope> {
    const { deviceId } = device;
    const asked = { deviceId, deadlineMs: Date.now() + 3_600_000 };
    const challenge = await gate.command({ ...asked, id: randomUUID(), command: { kind: "challenge" } });
    expectAccepted(challenge);
    const wrapped = await wrapKey("field", next, device);
    const command = { kind: "admit", deployment: "field", publicKey: next.publicKey, wrapped } as const;
    const signers = [memorySigner(published.operator)];
    const signed = await signCommand(deviceId, command, challenge.challenge ?? null, 60_000, signers);
    return { ...asked, id: randomUUID(), command, signed };
  }
  /** Each that was ever given to the device. */
  let given: CommandEnvelope[] = [];
  const taking: UpdatePath = {
    async prepare(root) {
      given = [];
      await makeDirectories(root);
      await makeKeyStore(root, [before]);
    },
    async run(root, reached) {
      const both = await openBoth(root);
      const envelope = await give(both);
      given.push(envelope);
      expectAccepted(await both.gate.command(envelope));
      await reached("took it");
    },
    async check(root, reached) {
      const both = await openBoth(root);
      expect(await opens(both.opening, before)).toBe(true);
      if (reached.size > 0) {
        expect(await opens(both.opening, next)).toBe(true);
        // With the challenge came who gives commands; who gave them before that does so no more.
        await expectRefused(root, published, published.staged[0]);
      }
      // The verifier remembers nothing as done that the key store does not have.
      for (const envelope of given) {
        const { accepted } = await both.gate.command(envelope);
        if (accepted) expect(await opens(both.opening, next)).toBe(true);
      }
      expectAccepted(await both.gate.command(await give(both)));
      const again = await openBoth(root);
      for (const key of [before, next]) expect(await opens(again.opening, key)).toBe(true);
      // Nothing of what was cut off is left beside them.
      expect((await readdir(join(root, "keys"))).sort()).toEqual(["deployment-keys.json", "keys.json"]);
    },
  };
  return { "the key of a deployment": taking };
}

/** Whether the store opens what is encrypted for `key`. */
async function opens(opening: Opening, key: KeyPair): Promise<boolean> {
  const bytes = Buffer.from(await wrapKey("any", key, { deviceId: "d", openingKey: key.publicKey }), "base64");
  const source = (async function* () {
    yield bytes;
  })();
  try {
    for await (const _ of openAge(source, createUnwrap(opening)));
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "SEALED_FOR_OTHERS") return false;
    throw error;
  }
}
