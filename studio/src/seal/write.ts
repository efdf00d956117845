/** Writes what only some can read: compressed by brotli, for nobody can compress it any more, and encrypted in the format of age. */
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { constants, createBrotliCompress } from "node:zlib";
import { bech32 } from "@scure/base";
import { Encrypter } from "age-encryption";

/** What takes longer at the higher quality than it saves on the wire: as the management service has it (decision 56). */
const largeBytes = 4 * 1024 * 1024;

/** An X25519 public key as age's own tools write it: `age1…`. */
export function ageRecipient(publicKey: string): string {
  return bech32.encodeFromBytes("age", Buffer.from(publicKey, "base64url"));
}

/** Encrypts `content` for the holders of these X25519 keys. Each time the bytes are others. */
export async function* seal(
  content: AsyncIterable<Uint8Array>,
  lengthBytes: number,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(ageRecipient(recipient));
  const params = { [constants.BROTLI_PARAM_QUALITY]: lengthBytes > largeBytes ? 5 : 9 };
  const compressed = Readable.from(content).compose(createBrotliCompress({ params }));
  const web = ReadableStream.from(pieces(compressed)) as globalThis.ReadableStream<Uint8Array>;
  yield* (await encrypter.encrypt(web)) as unknown as AsyncIterable<Uint8Array>;
}

/** The whole of it, where it is small. */
export async function sealWhole(content: string, recipients: readonly string[]): Promise<Buffer> {
  const bytes = Buffer.from(content);
  const sealed: Uint8Array[] = [];
  for await (const piece of seal(Readable.from([bytes]), bytes.length, recipients)) sealed.push(piece);
  return Buffer.concat(sealed);
}

async function* pieces(stream: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) yield new Uint8Array(piece);
}
