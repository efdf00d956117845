/** What the library writes is read by the runtime's own reader, and nothing else is: held to age's test vectors (C2SP, CCTV). */

import { createPrivateKey, createPublicKey } from "node:crypto";
import { Readable } from "node:stream";
import { brotliCompressSync, inflateSync } from "node:zlib";
import { generateX25519Key, type KeyPair, sha256 } from "@bulkhead/protocol";
import { openAge, type Unwrap, unseal, unsealWhole, unwrapFileKey } from "@bulkhead/runtime";
import { bech32 } from "@scure/base";
import { Encrypter } from "age-encryption";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ageRecipient, seal, sealWhole } from "./write.ts";

const [ours, others] = [generateX25519Key(), generateX25519Key()];
const by =
  (...keys: KeyPair[]): Unwrap =>
  (stanzas) =>
    keys.flatMap((key) => stanzas.flatMap((stanza) => unwrapFileKey(stanza, key) ?? []))[0];

async function opened(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

const refusal = { code: expect.stringMatching(/^SEALED_/) };

describe("[S3] what is encrypted for a key", () => {
  test("is opened by it as it was, whatever it is and in whatever pieces it comes", async () => {
    const piece = fc.integer({ min: 1, max: 200_000 });
    const property = fc.asyncProperty(fc.integer({ min: 0, max: 200_000 }), piece, async (length, size) => {
      const content = Buffer.alloc(length, "bulkhead");
      const encrypter = new Encrypter();
      encrypter.addRecipient(ageRecipient(ours.publicKey));
      const sealed = Buffer.from(await encrypter.encrypt(content));
      const cut = Array.from({ length: Math.ceil(sealed.length / size) }, (_, at) =>
        sealed.subarray(at * size, (at + 1) * size),
      );
      expect(content.equals(await opened(openAge(Readable.from(cut), by(ours))))).toBe(true);
    });
    await fc.assert(property, {
      numRuns: 12,
      examples: [
        [65_536, 65_552],
        [131_072, 1000],
        [0, 1],
      ],
    });
  });

  test("is opened by each of several, and by nobody else", async () => {
    const sealed = await sealWhole("for two", [ours.publicKey, others.publicKey]);
    for (const key of [ours, others]) expect(`${await unsealWhole(sealed, by(key), 100)}`).toBe("for two");
    await expect(unsealWhole(sealed, by(generateX25519Key()), 100)).rejects.toMatchObject({
      code: "SEALED_FOR_OTHERS",
    });
  });

  test("is refused where one byte of it is another, is missing or is too much", async () => {
    const sealed = await sealWhole("a few words", [ours.publicKey]);
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = Buffer.from(sealed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      for (const bytes of [altered, sealed.subarray(0, at)]) {
        await expect(unsealWhole(bytes, by(ours), 100)).rejects.toMatchObject(refusal);
      }
    }
    const longer = Buffer.concat([sealed, Buffer.of(0)]);
    await expect(unsealWhole(longer, by(ours), 100)).rejects.toMatchObject(refusal);
  });

  test("is refused where it holds more than was said, without all of it being made", async () => {
    const length = 8 * 1024 * 1024;
    const sealed = await opened(seal(Readable.from([Buffer.alloc(length)]), length, [ours.publicKey]));
    expect(sealed.length).toBeLessThan(length / 1000);
    let seen = 0;
    const look = async () => {
      for await (const piece of unseal(Readable.from([sealed]), by(ours), 1000)) seen += piece.length;
    };
    await expect(look()).rejects.toMatchObject({ code: "SEALED_INVALID" });
    expect(seen).toBeLessThanOrEqual(1000);
  });

  test("is refused where what is in it was not compressed", async () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(ageRecipient(ours.publicKey));
    for (const content of [Buffer.from("plain"), brotliCompressSync("cut off").subarray(0, 5)]) {
      const sealed = Buffer.from(await encrypter.encrypt(content));
      await expect(unsealWhole(sealed, by(ours), 100)).rejects.toMatchObject({ code: "SEALED_INVALID" });
    }
  });
});

type Vector = { readonly fields: Readonly<Record<string, string>>; readonly file: Buffer };

/** A vector is a head of lines `name: value`, an empty line, and the file. */
function readVector(bytes: Uint8Array): Vector {
  const content = Buffer.from(bytes);
  const end = content.indexOf("\n\n");
  const lines = content.toString("latin1", 0, end).split("\n");
  const fields = Object.fromEntries(lines.map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)]));
  return { fields, file: content.subarray(end + 2) };
}

/** `AGE-SECRET-KEY-1…`: the raw private half. */
function keyPairOf(identity: string): KeyPair {
  const secret = Buffer.from(bech32.decodeToBytes(identity).bytes);
  const der = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), secret]);
  const { x = "" } = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({
    format: "jwk",
  });
  return { publicKey: x, privateKey: secret.toString("base64url") };
}

test("[S3] each of age's own test vectors is read as it is to be, or refused", async () => {
  const all = (await import("cctv-age")) as unknown as Readonly<Record<string, Uint8Array>>;
  let read = 0;
  for (const [name, bytes] of Object.entries(all)) {
    const { fields, file } = readVector(bytes);
    const { identity = "", passphrase, armored, compressed, payload, expect: expected } = fields;
    // Passphrases, the text form, and keys of another kind are not read here.
    if (!identity.startsWith("AGE-SECRET-KEY-1") || passphrase !== undefined || armored !== undefined) continue;
    const content = compressed === "zlib" ? inflateSync(file) : file;
    const result = await opened(openAge(Readable.from([content]), by(keyPairOf(identity)))).then(
      (plain) => sha256(plain),
      ({ code }) => String(code),
    );
    if (expected === "success") expect(`${name} ${result}`).toBe(`${name} ${payload}`);
    else if (expected === "no match") expect(`${name} ${result}`).toBe(`${name} SEALED_FOR_OTHERS`);
    else expect(`${name} ${result}`).toMatch(/ SEALED_/);
    read += 1;
  }
  expect(read).toBeGreaterThan(60);
});
