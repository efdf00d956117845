/** A start of a board that is seen by ssh: its kernel makes a new id at each (random(4), boot_id). */
import { BulkheadError } from "@bulkhead/protocol";
import type { Shell, StartWatch } from "../target.ts";
import { whenReached } from "./shell.ts";

const askMs = 20_000;
const question = "cat /proc/sys/kernel/random/boot_id /proc/uptime";

/** Watches for a start after this one. */
export async function watchStartBySsh(shell: Pick<Shell, "run">): Promise<StartWatch> {
  const before = await askBoot(shell);
  return {
    async seen(boundMs) {
      const now = await whenReached(boundMs, async () => {
        const boot = await askBoot(shell);
        if (boot.id !== before.id) return boot;
        throw new BulkheadError("TARGET_NOT_REACHED", `after ${boundMs / 1000} s the board has not started anew`, {
          remedy: "its kernel is the same that it was before",
        });
      });
      return { atMs: performance.now() - now.upMs };
    },
  };
}

type Boot = { readonly id: string; readonly upMs: number };

async function askBoot(shell: Pick<Shell, "run">): Promise<Boot> {
  const said = await shell.run(question, askMs);
  const [, id, seconds] = /^\s*([0-9a-f-]{36})\s+([0-9.]+)\s/.exec(said) ?? [];
  if (id !== undefined && seconds !== undefined) return { id, upMs: Number(seconds) * 1000 };
  throw new BulkheadError("DEVICE_FAILED", `the board does not say which start this is: ${said.slice(0, 200)}`, {
    remedy: `it has a Linux with /proc? It was asked: ${question}`,
  });
}
