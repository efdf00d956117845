/** The packets of SNTP as a client sees them (RFC 5905, sections 7.3 and 14; RFC 4330, section 5). Pure. */

export const packetBytes = 48;
/** NTP counts from 1900, Unix from 1970. */
const epochOffsetS = 2_208_988_800;
/** 32 bits of seconds end in 2036; until 2104 the top bit says on which side a time is (RFC 4330, section 3). */
const eraS = 2 ** 32;
/** RFC 5905: version 4, mode 3 (client); mode 4 is a server's answer. */
const clientHead = (4 << 3) | 3;
/** A server that is further from the truth than this has none (RFC 5905, MAXDISP). */
const maxServerErrorMs = 16_000;
/** Never again, never again, not so often (RFC 5905, section 7.4). */
const kisses: readonly string[] = ["DENY", "RSTR", "RATE"];

/** What a server said: when it got the question and when it answered, and how far it may be from the truth itself. */
export type Reply = {
  readonly kind: "reply";
  readonly receivedMs: number;
  readonly sentMs: number;
  readonly errorMs: number;
};
/** `kiss`: the server wants to be left alone (RFC 5905, section 7.4). `other`: no answer to this question, or none that can be believed. */
export type Heard =
  | Reply
  | { readonly kind: "kiss"; readonly code: string }
  | { readonly kind: "other"; readonly why: string };

/** `nonce`: 8 random bytes instead of our time, which is nobody's business; the answer has to repeat them. */
export function makeRequest(nonce: Buffer): Buffer {
  const packet = Buffer.alloc(packetBytes);
  packet[0] = clientHead;
  nonce.copy(packet, 40, 0, 8);
  return packet;
}

export function readReply(packet: Buffer, nonce: Buffer): Heard {
  const other = (why: string): Heard => ({ kind: "other", why });
  if (packet.length < packetBytes) return other("is too short");
  // Before anything else is believed, a kiss-o'-death too: who does not know the question has not heard it.
  if (!packet.subarray(24, 32).equals(nonce)) return other("answers another question");
  const head = packet.readUInt8(0);
  const stratum = packet.readUInt8(1);
  if ((head & 7) !== 4 || ((head >> 3) & 7) !== 4) return other("is no answer of a server of version 4");
  const code = packet.toString("latin1", 12, 16);
  if (stratum === 0 && kisses.includes(code)) return { kind: "kiss", code };
  // A server that has just started has stratum 0 and another code (INIT), or none: chronyd.
  if (head >> 6 === 3 || stratum === 0 || stratum > 15) return other("comes from a server that does not know the time");
  const errorMs = shortMs(packet, 4) / 2 + shortMs(packet, 8);
  if (errorMs > maxServerErrorMs) return other("comes from a server that hardly knows the time");
  if (packet.readUInt32BE(32) === 0 || packet.readUInt32BE(40) === 0) return other("has no time");
  const [receivedMs, sentMs] = [stampMs(packet, 32), stampMs(packet, 40)];
  if (sentMs < receivedMs) return other("was sent before it was asked for");
  return { kind: "reply", receivedMs, sentMs, errorMs };
}

/** A 64-bit time stamp in milliseconds since 1970; a double keeps it to less than a microsecond. */
function stampMs(packet: Buffer, at: number): number {
  const written = packet.readUInt32BE(at);
  const seconds = written >= eraS / 2 ? written : written + eraS;
  return (seconds - epochOffsetS) * 1000 + (packet.readUInt32BE(at + 4) / eraS) * 1000;
}

/** A 32-bit span: 16 bits of seconds, 16 of their fraction. */
function shortMs(packet: Buffer, at: number): number {
  return (packet.readUInt32BE(at) / 65_536) * 1000;
}
