/**
 * What the age of the last handshake says about the tunnel. Pure. Ages are counted on the monotonic clock from when the
 * reading changed, so a step of the time of day neither breaks nor mends a tunnel.
 */

/** WireGuard throws a session away that old (whitepaper, section 6.1: Reject-After-Time); a live one is renewed at 120 s. */
export const handshakeLifeMs = 180_000;

export type TunnelHealth = {
  /** As last read; 0 before the first handshake. */
  readonly handshake: number;
  readonly changedAtMs: number;
  readonly state: "new" | "up" | "down" | "unseen";
};

export function newTunnelHealth(nowMs: number): TunnelHealth {
  return { handshake: 0, changedAtMs: nowMs, state: "new" };
}

/** Takes a reading (null: it could not be read) at `nowMs` of a monotonic clock. */
export function observeHandshake(health: TunnelHealth, reading: number | null, nowMs: number): TunnelHealth {
  if (reading === null) return { ...health, state: "unseen" };
  if (reading !== health.handshake) return { handshake: reading, changedAtMs: nowMs, state: "up" };
  if (nowMs - health.changedAtMs > handshakeLifeMs) return { ...health, state: "down" };
  // The last handshake is young enough; without any there is nothing to be up.
  return { ...health, state: reading === 0 ? "new" : "up" };
}

/** What to tell a person about the step from one health to the next, or undefined where nothing changed. */
export function describeChange(before: TunnelHealth, after: TunnelHealth): string | undefined {
  if (before.state === after.state) return undefined;
  if (after.state === "up") return "tunnel up";
  if (after.state === "down") return `no handshake for ${handshakeLifeMs / 1000} s`;
  if (after.state === "unseen") return "the state of the tunnel cannot be read from here";
  return undefined;
}
