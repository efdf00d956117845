/** `bulkhead device admit`: give a device the key of its deployment, past the management service, which carries it and cannot read it. */
import type { Device } from "@bulkhead/kms";
import {
  BulkheadError,
  isOpeningKeyOf,
  isWeakX25519Key,
  type KeyPair,
  nameSchema,
  type OpeningKey,
} from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { carryOut } from "../api/commands.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { printResult, withProgress } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";
import { keysOf, openPair } from "../keys/key-ring.ts";
import { openDeploymentRing } from "../seal/options.ts";
import { wrapKey } from "../seal/wrap.ts";
import type { KeyArguments } from "../sign/options.ts";
import { deviceArgument } from "./device-argument.ts";
import { reachDevice, reachOptions } from "./reach.ts";

export const admit = defineCommand({
  meta: {
    name: "admit",
    description:
      "Give a device the key of its deployment, encrypted for it: from then on it reads what is for that key.",
  },
  args: {
    ...deviceArgument,
    "deployment-key": { type: "string", description: "The key.", valueHint: "FILE", required: true },
    deployment: { type: "string", description: "Default: the one that the device was enrolled in.", valueHint: "NAME" },
    "device-key": {
      type: "string",
      description: "The device's public key, as you noted it where the device is.",
      valueHint: "KEY",
    },
    ...yesOption,
    ...reachOptions,
  },
  async run({ args }) {
    if (args.keys === undefined) {
      throw new BulkheadError("USAGE", "whose word is it?", {
        remedy: "give --keys: an operator's key, which the project's targets name (docs/guide/operators.md)",
      });
    }
    const { client, device, signers, timeoutMs } = await reachDevice(args);
    const opening = checkOpeningKey(device, args["device-key"]);
    const key = await openDeploymentKey(args["deployment-key"], args);
    const deployment = deploymentOf(args.deployment ?? device.deployment);
    process.stderr.write(`${describe(device, opening, deployment, key.publicKey).map(printable).join("\n")}\n`);
    if (!args.yes && !(await confirm("Is this the device?"))) return false;
    const wrapped = await wrapKey(deployment, key, { deviceId: device.id, openingKey: opening.publicKey });
    const command = { kind: "admit", deployment, publicKey: key.publicKey, wrapped } as const;
    const answer = await withProgress(`Waiting for ${device.name} to take the key`, () =>
      carryOut(client, device.id, command, timeoutMs, signers),
    );
    const result = { device: device.id, deployment, publicKey: key.publicKey, command: answer };
    printResult(args.json, result, `${device.name}: ${printable(answer.message ?? answer.state)}`);
    return true;
  },
});

/**
 * What the service says of a device holds only as far as the device's own signature, by a key that the id belongs to. Throws DEVICE_MISMATCH,
 * KEY_WEAK, NOT_FOUND.
 */
export function checkOpeningKey({ id, name, opening }: Device, deviceKey: string | undefined): OpeningKey {
  if (opening === null) {
    throw new BulkheadError("NOT_FOUND", `${name} has not shown a key that others encrypt to`, {
      remedy: "wait until it has connected once with a runtime that has one",
    });
  }
  const isNoted = deviceKey === undefined || deviceKey === opening.deviceKey;
  if (isWeakX25519Key(opening.publicKey)) {
    throw new BulkheadError("KEY_WEAK", `${name} shows a key of small order: anybody opens what is for it`, {
      remedy: "do not give it anything: a key store never makes such a key",
    });
  }
  if (isNoted && isOpeningKeyOf(id, opening)) return opening;
  const whose = isNoted ? `the device ${id}` : `the device key ${deviceKey}`;
  throw new BulkheadError("DEVICE_MISMATCH", `the key that the management service shows is not the word of ${whose}`, {
    remedy: "do not give it anything: somebody has exchanged it, or the id is another device's",
  });
}

async function openDeploymentKey(file: string, args: KeyArguments): Promise<KeyPair> {
  const ring = await openDeploymentRing(file, args);
  const [key, ...more] = keysOf(ring, "deployment");
  if (key !== undefined && more.length === 0) return openPair(key, ring.passphrases);
  throw new BulkheadError("KEYS_INVALID", `${file} has several keys of deployments`, { remedy: "name one of them" });
}

function deploymentOf(text: string): string {
  const name = nameSchema.safeParse(text);
  if (name.success) return name.data;
  throw new BulkheadError("USAGE", `${text} is not the name of a deployment`);
}

function describe({ id, name }: Device, opening: OpeningKey, deployment: string, publicKey: string): string[] {
  return [
    `device       ${id}, which the service calls ${name}`,
    `  its key    ${opening.deviceKey}`,
    `gets the key of ${deployment}`,
    `  public     ${publicKey}`,
  ];
}
