/** Asks a device to show something of itself, and waits for what it shows. */
import { BulkheadError, type Command, type Observation } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { carryOut } from "../api/commands.ts";
import type { Signer } from "../keys/signer.ts";

/** Throws what the device answered where it refused, COMMAND_EXPIRED where it did not answer. */
export async function observe<K extends Observation["kind"]>(
  client: StudioClient,
  deviceId: string,
  command: Extract<Command, { kind: Observation["kind"] }> & { kind: K },
  timeoutMs: number,
  signers: readonly Signer[],
): Promise<Extract<Observation, { kind: K }>> {
  await carryOut(client, deviceId, command, timeoutMs, signers);
  // It was sent before the command's result, on the same connection.
  const { observation } = await client.observation(deviceId, command.kind);
  if (observation?.kind === command.kind) return observation as Extract<Observation, { kind: K }>;
  throw new BulkheadError("INTERNAL", "the management service has no longer what the device showed", {
    remedy: "ask again",
  });
}
