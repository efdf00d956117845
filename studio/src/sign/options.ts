/** What the ceremonies' commands have in common: where keys and repository are, and what becomes of a prepared request. */
import { BulkheadError } from "@bulkhead/protocol";
import { printResult } from "../cli/output.ts";
import { type PassphraseArguments, passphraseOptions, passphrases } from "../cli/passphrase.ts";
import { type KeyRing, openKeyRing } from "../keys/key-ring.ts";
import { finish, type SignedRoot } from "./at-once.ts";
import { signWithRing } from "./ceremony.ts";
import { formatSummary } from "./format-summary.ts";
import { type SigningRequest, standingOf, writeRequest } from "./request.ts";
import { developmentMark } from "./root.ts";
import { summarise } from "./summary.ts";

export const keyOptions = {
  keys: { type: "string", description: "Directory of key files, or one of them.", valueHint: "PATH" },
  development: { type: "boolean", description: "Development keys may sign." },
  ...passphraseOptions,
} as const;

export const ceremonyOptions = {
  repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
  ...keyOptions,
  prepare: {
    type: "string",
    description: "Publish nothing; write a signing request, to be carried to the keys.",
    valueHint: "FILE",
  },
} as const;

export type KeyArguments = PassphraseArguments & { keys?: string | undefined; development?: boolean | undefined };
export type CeremonyArguments = KeyArguments & {
  repository: string;
  prepare?: string | undefined;
  json?: boolean | undefined;
};

/** The keys that the arguments name. Throws USAGE, KEYS_INVALID, KEYS_DEVELOPMENT. */
export function openRing(args: KeyArguments): Promise<KeyRing> {
  if (args.keys === undefined) {
    throw new BulkheadError("USAGE", "which keys?", { remedy: "give --keys, or --prepare a request without any" });
  }
  return openKeyRing(args.keys, { development: args.development === true, passphrases: passphrases(args) });
}

type Known = {
  /** The keys, where somebody has opened them already. */
  readonly opened?: KeyRing | undefined;
  /** What is known before anything is signed: it is in the result as JSON, also where a request is written. */
  readonly facts?: Record<string, unknown> | undefined;
};

/**
 * Signs a request with the keys at hand and publishes it; with `--prepare` writes it to a file instead, signed by the keys
 * that were named, if any. `describe` says what was published.
 */
export async function carryOut(
  args: CeremonyArguments,
  request: SigningRequest,
  describe: (published: SignedRoot) => { result: Record<string, unknown>; text: string },
  { opened, facts }: Known = {},
): Promise<void> {
  if (args.prepare !== undefined) return prepare(args, args.prepare, request, { opened, facts });
  const ring = opened ?? (await openRing(args));
  checkMark(request, ring);
  const { result, text } = describe(await finish(request, ring, args.repository));
  printResult(args.json, { ...facts, ...result }, text);
}

async function prepare(
  args: CeremonyArguments,
  file: string,
  request: SigningRequest,
  { opened, facts }: Known,
): Promise<void> {
  const summary = summarise(request);
  const ring = opened ?? (args.keys === undefined ? undefined : await openRing(args));
  if (ring !== undefined) checkMark(request, ring);
  const signed = ring === undefined ? request : await signWithRing(request, ring);
  await writeRequest(file, signed);
  const text = `${formatSummary(summarise(signed))}\n${file}: carry it to the keys: bulkhead request sign ${file}`;
  const { complete } = standingOf(signed);
  printResult(args.json, { ...facts, request: file, digest: summary.digest, complete }, text);
}

/** A root of development keys says so in itself, and whoever signs under it must say so too. */
export function checkMark({ metadata, root }: SigningRequest, ring: KeyRing): void {
  const marked = [metadata.signed, root?.signed].some((signed) => signed?.unrecognizedFields[developmentMark] === true);
  if (!marked || ring.development) return;
  throw new BulkheadError("KEYS_DEVELOPMENT", "the root of this repository is one of development keys", {
    remedy: "make a repository of its own for other keys; --development where no device outside is to trust it",
  });
}
