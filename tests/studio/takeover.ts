/** What somebody tries who has a management service, its database and all its keys, to give a device a command that no operator gave. */
import type { CommandRequest, StoredCommand } from "@bulkhead/kms";
import type { Command, ErrorCode, OperatorWord } from "@bulkhead/protocol";
import { readInstance } from "../../kms/src/instance/index.ts";
import { signCommand } from "../../studio/src/api/sign-command.ts";
import { memorySigner } from "../../studio/src/keys/signer.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import type { Running } from "../../studio/src/run/launcher.ts";
import { developmentOperator } from "../../studio/src/run/project.ts";

/** A command as the service sends it to the device, and what that must answer. */
type Attempt = { readonly request: CommandRequest; readonly code: ErrorCode };

/** Gives the device a command and waits for its end. */
export async function ended({ client, provisioning }: Running, request: CommandRequest): Promise<StoredCommand> {
  const asked = await client.command(provisioning.deviceId, request);
  const look = async () =>
    (await client.commands(provisioning.deviceId)).find((one) => one.id === asked.id && one.finishedAtMs !== null);
  return eventually("an answer", 30_000, look, 25);
}

/** An operator has given the device a command before: the service keeps it. */
export async function attemptsOf(running: Running): Promise<Attempt[]> {
  const { deviceId } = running.provisioning;
  const command = { kind: "restart-component", component: "climate" } as const;
  const challenge = async () => (await ended(running, { command: { kind: "challenge" } })).challenge ?? "";
  const operatorsWord = async (signed: Command): Promise<OperatorWord> =>
    signCommand(deviceId, signed, await challenge(), 60_000, [await developmentOperator(running.project)]);

  const { instanceKey, snapshotKey, timestampKey } = await readInstance(running.paths.kms);
  const forged: Attempt[] = [];
  for (const key of [instanceKey, snapshotKey, timestampKey]) {
    const signed = await signCommand(deviceId, command, await challenge(), 60_000, [memorySigner(key)]);
    forged.push({ request: { command, signed }, code: "OPERATOR_UNKNOWN" });
  }
  const kept = (await running.client.commands(deviceId)).find((one) => one.signed !== null && one.state === "done");
  if (!kept?.signed) throw new Error("no operator has given a command yet");
  const another = await operatorsWord({ kind: "restart-component", component: "moisture" });
  const longer = { ...(await operatorsWord(command)), validMs: 300_000 };
  const fresh = { ...(await operatorsWord(command)), challenge: await challenge() };
  return [
    { request: { command }, code: "COMMAND_UNSIGNED" },
    ...forged,
    { request: { command: kept.command, signed: kept.signed }, code: "COMMAND_CHALLENGE_INVALID" },
    ...[another, longer, fresh].map(
      (signed): Attempt => ({ request: { command, signed }, code: "COMMAND_SIGNATURE_INVALID" }),
    ),
  ];
}
