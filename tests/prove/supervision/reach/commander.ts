/** A client of agent, verifier and root server: one command after the other, each followed to its end. */
import { setTimeout } from "node:timers/promises";
import type { StoredCommand } from "@bulkhead/kms";
import type { Command } from "@bulkhead/protocol";
import type { StudioClient } from "../../../../studio/src/api/client.ts";

export type Given = Pick<StoredCommand, "id" | "state" | "code" | "message"> & {
  readonly kind: Command["kind"];
  readonly fromMs: number;
  readonly toMs: number;
};

/** The first goes no further than the verifier and the agent, the second to the root server and a component. */
const rounds: readonly Command[] = [{ kind: "report" }, { kind: "trace", component: "sayer", action: "on" }];
/** Longer than any server is away. What the verifier remembers of open commands is bounded. */
const timeoutMs = 30_000;

export function startCommander(client: StudioClient, deviceId: string) {
  const given: Given[] = [];
  const stopping = new AbortController();

  async function giveOne(command: Command): Promise<void> {
    const fromMs = Date.now();
    const { id } = await client.command(deviceId, { command, timeoutMs });
    for (;;) {
      const found = (await client.commands(deviceId)).find((one) => one.id === id);
      if (found && !["pending", "delivered"].includes(found.state)) {
        const { state, code, message } = found;
        given.push({ id, kind: command.kind, state, code, message, fromMs, toMs: Date.now() });
        return;
      }
      await setTimeout(50);
    }
  }

  async function go(): Promise<void> {
    for (let round = 0; !stopping.signal.aborted; round++) {
      const command = rounds[round % rounds.length];
      if (command) await giveOne(command);
    }
  }

  const going = go();
  return {
    given: given as readonly Given[],
    async stop() {
      stopping.abort();
      await going;
    },
  };
}
