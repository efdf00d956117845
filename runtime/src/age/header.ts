/**
 * The header of an age file (age-encryption.org/v1, C2SP): for whom its key is wrapped, and a checksum of that under the key. Pure; takes
 * the one form that there is to write it, and nothing near it.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { BulkheadError } from "@bulkhead/protocol";

/** Sixteen recipients need 2 KiB; what is longer was not written here. */
export const maxHeaderBytes = 8 * 1024;
const intro = "age-encryption.org/v1\n";

/** A recipient's part: what kind, its arguments, and the wrapped key. */
export type Stanza = { readonly args: readonly string[]; readonly body: Buffer };
export type Header = {
  readonly stanzas: readonly Stanza[];
  /** The bytes that the checksum is of. */
  readonly checked: Buffer;
  readonly mac: Buffer;
  /** Where what comes after it begins. */
  readonly length: number;
};

/** The header at the beginning of `bytes`; undefined where it goes on beyond them. Throws SEALED_INVALID. */
export function parseHeader(bytes: Buffer): Header | undefined {
  const end = bytes.indexOf("\n--- ");
  const length = end + "\n--- ".length + 44;
  if (end === -1 || bytes.length < length) {
    const known = Math.min(bytes.length, intro.length);
    if (bytes.length > maxHeaderBytes) throw damaged("its header is too long");
    if (bytes.toString("latin1", 0, known) !== intro.slice(0, known)) throw damaged("it is no age file");
    return undefined;
  }
  const text = bytes.toString("latin1", 0, length);
  if (length > maxHeaderBytes || !text.startsWith(intro) || !text.endsWith("\n")) throw damaged("it is no age file");
  const mac = decode(text.slice(end + "\n--- ".length, -1));
  if (mac.length !== 32) throw damaged("its checksum has another length");
  const stanzas = parseStanzas(text.slice(intro.length, end + 1));
  return { stanzas, checked: bytes.subarray(0, end + "\n---".length), mac, length };
}

/** Throws SEALED_INVALID where the header is not the one that was written with this key. */
export function checkHeader({ checked, mac }: Header, fileKey: Uint8Array): void {
  const key = new Uint8Array(hkdfSync("sha256", fileKey, new Uint8Array(), "header", 32));
  if (!timingSafeEqual(createHmac("sha256", key).update(checked).digest(), mac))
    throw damaged("its header was altered");
}

function parseStanzas(text: string): Stanza[] {
  const lines = text.split("\n").slice(0, -1);
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length; ) {
    const [arrow, ...args] = (lines[at] ?? "").split(" ");
    const isPlain = args.length > 0 && args.every((arg) => /^[\x21-\x7e]+$/.test(arg));
    if (arrow !== "->" || !isPlain) throw damaged("its header is not of the known form");
    // Lines of 64, the last one shorter, and empty where nothing is left for it.
    const last = lines.findIndex((line, index) => index > at && line.length < 64);
    const body = lines.slice(at + 1, last + 1);
    if (last === -1 || body.slice(0, -1).some((line) => line.length !== 64)) throw damaged("a wrapped key is cut off");
    stanzas.push({ args, body: decode(body.join("")) });
    at = last + 1;
  }
  return stanzas;
}

/** Base64 without padding, and with no second way to write the same bytes (RFC 4648, section 3.5). */
export function decode(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") === text) return bytes;
  throw damaged("something in its header is not base64");
}

/** The one way this folder says that a file is not as it was written. */
export function damaged(what: string, cause?: unknown): BulkheadError {
  return new BulkheadError("SEALED_INVALID", `what is encrypted cannot be opened: ${what}`, {
    cause,
    remedy: "fetch it again; if it happens again, it was altered where it lies",
  });
}
