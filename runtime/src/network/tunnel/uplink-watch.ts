/**
 * Notices that the board has other addresses than before. wireguard-go keeps the source address of the last packet that came
 * in, and on kernels that refuse a source which is gone with ENETUNREACH (6.18) instead of EINVAL, it goes on with it until a
 * handshake has failed for 15 s.
 */
import { networkInterfaces } from "node:os";
import { setTimeout as delay } from "node:timers/promises";

const lookMs = 1_000;

type Interfaces = ReturnType<typeof networkInterfaces>;

/** All addresses of a board as one text, the loopback's left out. */
export function describeAddresses(interfaces: Interfaces): string {
  const found = Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? []).filter(({ internal }) => !internal).map(({ cidr }) => `${name} ${cidr}`),
  );
  return found.sort().join("\n");
}

/** Calls `onChange` after each change, until `stopping`; its errors are its own. */
export async function watchUplink(
  onChange: () => Promise<void>,
  stopping: AbortSignal,
  look: () => Interfaces = networkInterfaces,
): Promise<void> {
  let before = describeAddresses(look());
  while (!stopping.aborted) {
    await delay(lookMs, undefined, { signal: stopping }).catch(() => undefined);
    const now = describeAddresses(look());
    if (now === before || stopping.aborted) continue;
    before = now;
    await onChange();
  }
}
