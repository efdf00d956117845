/**
 * A signing request: what is to be signed, with all that a key holder needs to see what it means. A file that is carried
 * from one key to the next; nothing in it is believed because it is there.
 */
import { readFile } from "node:fs/promises";
import {
  BulkheadError,
  canonicalJson,
  describeMisfit,
  digestSchema,
  type Overlay,
  parseOverlay,
  type Release,
  releaseSchema,
  sha256,
} from "@bulkhead/protocol";
import { type Metadata, MetadataKind, type Root, type Targets } from "@tufjs/models";
import { z } from "zod";
import {
  type Authority,
  authoritiesFor,
  checkSignatures,
  type Delegated,
  missingOf,
  type Signatures,
} from "./authority.ts";
import { type Offline, parseMetadata, writeAtomically } from "./metadata.ts";

const metadataSchema = z.strictObject({
  signatures: z.array(z.strictObject({ keyid: digestSchema, sig: z.string().regex(/^[0-9a-f]{128}$/) })),
  signed: z.looseObject({ _type: z.enum(["root", "targets"]) }),
});
const requestSchema = z.strictObject({
  format: z.literal(1),
  kind: z.literal("signing-request"),
  metadata: metadataSchema,
  /** The newest root, which says who signs; null where this is the first. */
  root: metadataSchema.nullable(),
  /** The targets that are signed now, to compare with. */
  before: metadataSchema.nullable(),
  /** The new release, and the one before it, as they were built. */
  releases: z.array(z.string()).max(2),
  /** Of overlays: the role, the targets that pass it on, and the new overlays. */
  delegated: z
    .strictObject({ name: z.string().max(64), targets: metadataSchema, overlays: z.array(z.string()).max(2) })
    .optional(),
  /** The papers of the new release. */
  papers: z
    .array(z.string().max(8 * 1024 * 1024))
    .max(2)
    .default([]),
  /** Of an encrypted release and its papers: what stands among the targets, beside what it opens to. */
  sealed: z
    .array(z.string().max(12 * 1024 * 1024))
    .max(3)
    .default([]),
});

export type SigningRequest = {
  readonly metadata: Metadata<Offline>;
  readonly root: Metadata<Root> | undefined;
  readonly before: Metadata<Targets> | undefined;
  /** By digest. */
  readonly releases: ReadonlyMap<string, Release>;
  /** What is signed under a delegation of the targets; `before` is what was signed under it last. */
  readonly delegated?: Delegated & { readonly overlays: ReadonlyMap<string, Overlay> };
  /** Of releases, by digest. */
  readonly papers?: ReadonlyMap<string, string>;
  /** By digest: envelopes and encrypted papers. */
  readonly sealed?: ReadonlyMap<string, string>;
};

/** Who must sign a request, and who has. */
export type Standing = {
  readonly authorities: readonly (Authority & { readonly missing: number })[];
  readonly signatures: Signatures;
  readonly complete: boolean;
};

/** Reads a request and looks at it as a whole. Throws SIGNING_REQUEST_INVALID, FILE_UNREADABLE, KEYS_INVALID. */
export async function readRequest(file: string): Promise<SigningRequest> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, { cause });
  });
  const request = parse(text, file);
  standingOf(request);
  return request;
}

function parse(text: string, file: string): SigningRequest {
  try {
    const { metadata, root, before, releases, papers, sealed, delegated } = requestSchema.parse(JSON.parse(text));
    return {
      metadata: parseMetadata(metadata.signed._type as MetadataKind.Root, metadata, file),
      root: root === null ? undefined : parseMetadata<Root>(MetadataKind.Root, root, `the root in ${file}`),
      before:
        before === null ? undefined : parseMetadata<Targets>(MetadataKind.Targets, before, `the targets in ${file}`),
      releases: new Map(releases.map((release) => [sha256(release), releaseSchema.parse(JSON.parse(release))])),
      ...(delegated && { delegated: parseDelegated(delegated, file) }),
      papers: new Map(papers.map((paper) => [sha256(paper), paper])),
      sealed: new Map(sealed.map((one) => [sha256(one), one])),
    };
  } catch (cause) {
    const why = cause instanceof z.ZodError ? describeMisfit(cause, 300) : cause instanceof Error ? cause.message : "";
    throw invalid(`${file} is no signing request: ${why}`, "prepare it again", cause);
  }
}

function parseDelegated(
  { name, targets, overlays }: NonNullable<z.output<typeof requestSchema>["delegated"]>,
  file: string,
): NonNullable<SigningRequest["delegated"]> {
  const read = overlays.map((text) => parseOverlay(text, `an overlay in ${file}`));
  return {
    name,
    targets: parseMetadata<Targets>(MetadataKind.Targets, targets, `the delegating targets in ${file}`),
    overlays: new Map(read.map(({ digest, document }) => [digest, document])),
  };
}

/** Writes the request with the signatures that it has. */
export async function writeRequest(file: string, request: SigningRequest): Promise<void> {
  const { metadata, root, before, releases, papers, sealed, delegated } = request;
  const content = {
    format: 1,
    kind: "signing-request",
    metadata: metadata.toJSON(),
    root: root?.toJSON() ?? null,
    before: before?.toJSON() ?? null,
    releases: [...releases.values()].map((release) => canonicalJson(release)),
    ...(delegated && {
      delegated: {
        name: delegated.name,
        targets: delegated.targets.toJSON(),
        overlays: [...delegated.overlays.values()].map((overlay) => canonicalJson(overlay)),
      },
    }),
    papers: [...(papers ?? new Map<string, string>()).values()],
    sealed: [...(sealed ?? new Map<string, string>()).values()],
  };
  await writeAtomically(file, `${JSON.stringify(content)}\n`);
}

/**
 * Who has signed. Throws SIGNING_REQUEST_INVALID where a signature in it does not hold: then the request was altered after it
 * was signed, or somebody signed whose signature does not count.
 */
export function standingOf({ metadata, root, before, delegated }: SigningRequest): Standing {
  checkSequence(metadata.signed, root?.signed, before?.signed);
  const authorities = authoritiesFor(metadata, root?.signed, delegated);
  const signatures = checkSignatures(metadata, authorities);
  if (signatures.invalid.length > 0) {
    const message = `the signature of ${signatures.invalid.map((id) => id.slice(0, 16)).join(", ")} does not hold`;
    const remedy = "it was altered after it was signed, or the key is none of those that may sign: prepare it again";
    throw invalid(message, remedy);
  }
  const counted = authorities.map((authority) => ({ ...authority, missing: missingOf(authority, signatures) }));
  return { authorities: counted, signatures, complete: counted.every(({ missing }) => missing === 0) };
}

function checkSequence(signed: Offline, root: Root | undefined, before: Targets | undefined): void {
  const last = signed.type === "root" ? root : before;
  const expected = (last?.version ?? 0) + 1;
  if (signed.version !== expected) {
    throw invalid(`it is ${signed.type} ${signed.version}, and ${expected} would be next`, "prepare it again");
  }
}

function invalid(message: string, remedy: string, cause?: unknown): BulkheadError {
  return new BulkheadError("SIGNING_REQUEST_INVALID", message, { remedy, cause });
}
