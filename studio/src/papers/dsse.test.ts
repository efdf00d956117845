import { sign, verify } from "node:crypto";
import { generateSigningKey } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { memorySigner } from "../keys/signer.ts";
import { namedKey, openEnvelope, sealStatement } from "./dsse.ts";

const key = generateSigningKey();
const statement = '{"_type":"https://in-toto.io/Statement/v1","subject":[]}\n';
const publicKey = (text: string) => ({
  key: { kty: "OKP", crv: "Ed25519", x: text } as const,
  format: "jwk" as const,
});

describe("[S3] the envelope of a statement", () => {
  test("is signed as DSSE says: over type and payload, each with its length, as another program reads it", async () => {
    const envelope = JSON.parse(await sealStatement(statement, memorySigner(key)));
    const payload = Buffer.from(envelope.payload, "base64");
    expect(payload.toString()).toBe(statement);
    const encoded = `DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${statement}`;
    const [{ sig }] = envelope.signatures;
    expect(verify(null, Buffer.from(encoded), publicKey(key.publicKey), Buffer.from(sig, "base64"))).toBe(true);
  });

  test("opens to the bytes that were signed, by the key that it names", async () => {
    const text = await sealStatement(statement, memorySigner(key));
    expect(namedKey(text, "it")).toBe(key.publicKey);
    expect(openEnvelope(text, key.publicKey, "it")).toBe(statement);
  });

  test.each([
    ["another statement", (one: Sealed) => ({ ...one, payload: Buffer.from(`${statement} `).toString("base64") })],
    ["another type", (one: Sealed) => ({ ...one, payloadType: "text/plain" })],
    ["no signature", (one: Sealed) => ({ ...one, signatures: [] })],
    ["a member of its own", (one: Sealed) => ({ ...one, more: 1 })],
    ["a signature over the payload alone", (one: Sealed) => ({ ...one, signatures: [{ keyid: "", sig: bare() }] })],
  ])("with %s does not open", async (_what, change) => {
    const text = JSON.stringify(change(JSON.parse(await sealStatement(statement, memorySigner(key)))));
    const open = () => openEnvelope(text, key.publicKey, "it");
    expect(open).toThrow(expect.objectContaining({ code: "RELEASE_SIGNATURE_INVALID" }));
  });

  test("opens by no other key", async () => {
    const text = await sealStatement(statement, memorySigner(key));
    const open = () => openEnvelope(text, generateSigningKey().publicKey, "it");
    expect(open).toThrow(expect.objectContaining({ code: "RELEASE_SIGNATURE_INVALID" }));
  });
});

type Sealed = { payload: string; payloadType: string; signatures: object[] };

function bare(): string {
  const jwk = { ...publicKey(key.publicKey).key, d: key.privateKey };
  return sign(null, Buffer.from(statement), { key: jwk, format: "jwk" }).toString("base64");
}
