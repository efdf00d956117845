/**
 * What the age of the last handshake says about the tunnel. Pure. Ages are counted on the monotonic clock from when the
 * reading changed, so a step of the time of day neither breaks nor mends a tunnel.
 */

/** WireGuard throws a session away that old (whitepaper, section 6.1: Reject-After-Time); a live one is renewed at 120 s. */
export const handshakeLifeMs = 180_000;

/**
 * What is sent is answered within 10 s by a gateway that is there, be it with nothing but a keep-alive (section 6.5: Keepalive-
 * Timeout); a device that hears nothing begins handshakes then, one each 5 s.
 */
export const silenceMs = 20_000;
/** Its own keep-alives are never answered: only more than some of these, of 32 bytes, makes a silence (a handshake has 148). */
const unansweredBytes = 300;

export type Reading = {
  /** Seconds since 1970 of the last handshake by the device's clock, 0 before the first. */
  readonly handshake: number;
  readonly bytes?: { readonly received: number; readonly sent: number } | undefined;
};

export type TunnelHealth = {
  /** As last read; 0 before the first handshake. */
  readonly handshake: number;
  readonly changedAtMs: number;
  /** When something was last received, and how much had been sent then. */
  readonly heard: { readonly received: number; readonly sent: number; readonly atMs: number };
  readonly state: "new" | "up" | "silent" | "down" | "unseen";
};

export function newTunnelHealth(nowMs: number): TunnelHealth {
  return { handshake: 0, changedAtMs: nowMs, heard: { received: 0, sent: 0, atMs: nowMs }, state: "new" };
}

/** Takes a reading (null: it could not be read) at `nowMs` of a monotonic clock. */
export function observeHandshake(health: TunnelHealth, reading: Reading | null, nowMs: number): TunnelHealth {
  if (reading === null) return { ...health, state: "unseen" };
  const { handshake } = reading;
  const heard = hear(health.heard, reading.bytes, nowMs);
  if (handshake !== health.handshake) return { handshake, changedAtMs: nowMs, heard, state: "up" };
  const now = { ...health, heard };
  if (nowMs - health.changedAtMs > handshakeLifeMs) return { ...now, state: "down" };
  // The last handshake is young enough; without any there is nothing to be up.
  if (handshake === 0) return { ...now, state: "new" };
  return { ...now, state: isSilent(heard, reading.bytes, nowMs) ? "silent" : "up" };
}

function hear(heard: TunnelHealth["heard"], bytes: Reading["bytes"], nowMs: number): TunnelHealth["heard"] {
  return bytes && bytes.received !== heard.received ? { ...bytes, atMs: nowMs } : heard;
}

function isSilent(heard: TunnelHealth["heard"], bytes: Reading["bytes"], nowMs: number): boolean {
  return bytes !== undefined && nowMs - heard.atMs >= silenceMs && bytes.sent - heard.sent > unansweredBytes;
}

/** What to tell a person about the step from one health to the next, or undefined where nothing changed. */
export function describeChange(before: TunnelHealth, after: TunnelHealth): string | undefined {
  if (before.state === after.state) return undefined;
  if (after.state === "up") return "tunnel up";
  if (after.state === "silent") return `the gateway has answered nothing for ${silenceMs / 1000} s`;
  if (after.state === "down") return `no handshake for ${handshakeLifeMs / 1000} s`;
  if (after.state === "unseen") return "the state of the tunnel cannot be read from here";
  return undefined;
}
