/** Asking a device for something and waiting for what becomes of it. */
import type { CommandRequest, StoredCommand } from "@bulkhead/kms";
import { BulkheadError, type Command, isErrorCode } from "@bulkhead/protocol";
import { integerOption } from "../cli/numbers.ts";
import { printable } from "../cli/printable.ts";
import type { Signer } from "../keys/signer.ts";
import { eventually } from "../run/eventually.ts";
import type { StudioClient } from "./client.ts";
import { signCommand } from "./sign-command.ts";

/** The `--timeout` option of every command that waits for a device. */
export const timeoutOption = (seconds: string) =>
  ({
    timeout: { type: "string", description: "Seconds that the device has.", valueHint: "SECONDS", default: seconds },
  }) as const;

/** Reads it, in milliseconds; the service takes up to a week. Throws USAGE. */
export const timeoutOf = (text: string): number => integerOption("timeout", text, 1, 7 * 24 * 3600) * 1000;

const lookEveryMs = 200;
/** The service ends a command at its deadline; that it says so takes it a moment. */
const graceMs = 15_000;

/**
 * Gives a device a command, signed by `signers` if there are any, and waits until it has been carried out. Throws what the device
 * answered where it refused or failed, COMMAND_EXPIRED where it did not answer within `timeoutMs`.
 */
export async function carryOut(
  client: StudioClient,
  deviceId: string,
  command: Command,
  timeoutMs: number,
  signers: readonly Signer[] = [],
): Promise<StoredCommand> {
  if (signers.length === 0) return issue(client, deviceId, { command, timeoutMs });
  const { challenge } = await issue(client, deviceId, { command: { kind: "challenge" }, timeoutMs });
  const signed = await signCommand(deviceId, command, challenge, timeoutMs, signers);
  return issue(client, deviceId, { command, timeoutMs, signed });
}

async function issue(
  client: StudioClient,
  deviceId: string,
  request: CommandRequest & { readonly timeoutMs: number },
): Promise<StoredCommand> {
  const { timeoutMs } = request;
  const { id } = await client.command(deviceId, request);
  const look = async () => {
    const found = (await client.commands(deviceId)).find((one) => one.id === id);
    return found && !["pending", "delivered"].includes(found.state) ? found : undefined;
  };
  const answer = await eventually("an answer of the device", timeoutMs + graceMs, look, lookEveryMs);
  if (answer.state === "done") return answer;
  throw errorOf(answer);
}

/** What a command that was not carried out ended with, as an error. */
export function errorOf({ state, code, message }: StoredCommand): BulkheadError {
  const known = isErrorCode(code) ? code : "INTERNAL";
  if (state === "expired") {
    return new BulkheadError(known, message ?? "the device did not answer in time", {
      remedy: "`bulkhead device show` says whether it is connected",
    });
  }
  return new BulkheadError(known, `the device ${state} it: ${printable(message || (code ?? "it gave no reason"))}`);
}
