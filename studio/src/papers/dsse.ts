/**
 * DSSE envelopes (secure-systems-lab/dsse, protocol 1.0.2) around in-toto statements. What is signed is the encoding of type and payload, as
 * bytes; what was verified is used as those bytes, and never parsed out of the envelope a second time.
 */
import { BulkheadError, verifySignature } from "@bulkhead/protocol";
import { z } from "zod";
import type { Signer } from "../keys/signer.ts";

const payloadType = "application/vnd.in-toto+json";
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const envelopeSchema = z.strictObject({
  payloadType: z.literal(payloadType),
  payload: base64.max(4 * 1024 * 1024),
  signatures: z.array(z.strictObject({ keyid: z.string().max(200), sig: base64.max(100) })).length(1),
});

/** PAE: `DSSEv1 <length of type> <type> <length of payload> <payload>`. */
function encode(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
}

/** The envelope as text; `keyid` is the public key, base64url, which is not believed by anybody. */
export async function sealStatement(statement: string, signer: Signer): Promise<string> {
  const payload = Buffer.from(statement);
  const signature = await signer.sign(encode(payload));
  const sig = Buffer.from(signature, "base64url").toString("base64");
  return JSON.stringify({
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ keyid: signer.publicKey, sig }],
  });
}

/** The statement in an envelope that `publicKey` has signed. Throws RELEASE_SIGNATURE_INVALID. */
export function openEnvelope(text: string, publicKey: string, where: string): string {
  const { payload, signatures } = parseEnvelope(text, where);
  const bytes = Buffer.from(payload, "base64");
  const signature = Buffer.from(signatures[0]?.sig ?? "", "base64").toString("base64url");
  if (verifySignature(publicKey, encode(bytes), signature)) return bytes.toString("utf8");
  throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `${where} is not signed by ${publicKey}`);
}

/** Which key an envelope says that it is signed by. Throws RELEASE_SIGNATURE_INVALID. */
export function namedKey(text: string, where: string): string {
  return parseEnvelope(text, where).signatures[0]?.keyid ?? "";
}

function parseEnvelope(text: string, where: string): z.infer<typeof envelopeSchema> {
  try {
    return envelopeSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("RELEASE_SIGNATURE_INVALID", `${where} is no signed statement`, { cause });
  }
}
