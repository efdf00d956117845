/** The device that a command reaches into, and whose word goes with it: what all such commands begin with. */
import type { Device } from "@bulkhead/kms";
import type { StudioClient } from "../api/client.ts";
import { timeoutOf, timeoutOption } from "../api/commands.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption } from "../cli/output.ts";
import type { Signer } from "../keys/signer.ts";
import type { KeyArguments } from "../sign/options.ts";
import { lookUpDevice } from "./find-device.ts";
import { openOperators, operatorOptions } from "./operators.ts";

/** After the command's own. */
export const reachOptions = { ...timeoutOption("60"), ...operatorOptions, ...serverOption, ...jsonOption } as const;

type ReachArguments = KeyArguments & { readonly name: string; readonly device: string; readonly timeout: string };

export type Reached = {
  readonly client: StudioClient;
  readonly device: Device;
  readonly signers: readonly Signer[];
  readonly timeoutMs: number;
};

/** `isAsked`: false where the service alone has the answer, so that nobody has to sign. Throws what is found wrong on the way. */
export async function reachDevice(args: ReachArguments, isAsked = true): Promise<Reached> {
  const timeoutMs = timeoutOf(args.timeout);
  const client = await openStudio(args.name);
  const device = await lookUpDevice(client, args.device);
  const signers = isAsked ? await openOperators(args, device) : [];
  return { client, device, signers, timeoutMs };
}
