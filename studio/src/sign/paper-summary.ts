/** What the papers in a signing request say, held to the release that they are beside. Throws where they say something else. Pure. */
import { BulkheadError, type PaperKind, paperOf, type Release, releaseTargetName, sha256 } from "@bulkhead/protocol";
import type { TargetFile } from "@tufjs/models";
import { z } from "zod";
import { openEnvelope } from "../papers/dsse.ts";
import { provenanceType, statementType } from "../papers/statement.ts";

export type PaperSummary = {
  readonly target: string;
  readonly kind: PaperKind;
  readonly digest: string;
  /** Of a bill: how many packages it names. */
  readonly packages?: number;
  /** Of provenance: the key of who built, and the commit that was built, where it names one. */
  readonly builder?: string;
  readonly commit?: string;
};

const hash = z.object({ alg: z.string(), content: z.string() });
const billSchema = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({ component: z.object({ hashes: z.array(hash) }) }),
  components: z.array(z.object({ purl: z.string().optional() })),
});
const digestSet = z.record(z.string(), z.string());
const statementSchema = z.object({
  _type: z.literal(statementType),
  subject: z.array(z.object({ name: z.string(), digest: digestSet })),
  predicateType: z.literal(provenanceType),
  predicate: z.object({
    buildDefinition: z.object({
      resolvedDependencies: z.array(z.object({ uri: z.string(), digest: digestSet.optional() })),
    }),
  }),
});

/**
 * A paper that is new in the list. `releases`: those of the request, by digest; `text`: the paper's own; `digestOf`: what the list says of a
 * target.
 */
export function describePaper(
  file: TargetFile,
  text: string | undefined,
  releases: ReadonlyMap<string, Release>,
  digestOf: (target: string) => string | undefined,
): PaperSummary {
  const found = paperOf(file.path);
  if (found === undefined || text === undefined)
    throw hidden(`${file.path} is new in the list, and not in the request`);
  const digest = digestOf(found.release) ?? "";
  const release = releases.get(digest);
  if (release === undefined || releaseTargetName(release) !== found.release) {
    throw hidden(`${file.path} is of a release that the request does not hold`);
  }
  const summary = { target: file.path, kind: found.kind, digest: sha256(text) };
  if (found.kind === "sbom") return { ...summary, packages: packagesIn(text, file.path, digest) };
  const { builder } = (file.custom as { builder?: unknown } | undefined) ?? {};
  if (typeof builder !== "string") throw hidden(`${file.path} names no key of who built`);
  return { ...summary, builder, ...commitIn(openEnvelope(text, builder, file.path), file.path, digest) };
}

function packagesIn(text: string, path: string, digest: string): number {
  const bill = parsed(billSchema, text, path);
  const isOfIt = bill.metadata.component.hashes.some(({ alg, content }) => alg === "SHA-256" && content === digest);
  if (!isOfIt) throw hidden(`${path} is the bill of another release`);
  return bill.components.filter(({ purl }) => purl !== undefined).length;
}

function commitIn(text: string, path: string, digest: string): { commit?: string } {
  const { subject, predicate } = parsed(statementSchema, text, path);
  if (!subject.some((one) => one.digest["sha256"] === digest))
    throw hidden(`${path} says how another release was built`);
  const { resolvedDependencies: materials } = predicate.buildDefinition;
  const commit = materials.find(({ uri }) => uri === "project")?.digest?.["gitCommit"];
  return commit === undefined ? {} : { commit };
}

function parsed<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new BulkheadError("SIGNING_REQUEST_INVALID", `${path} is not what its name says`, { cause });
  }
}

function hidden(message: string): BulkheadError {
  return new BulkheadError("SIGNING_REQUEST_INVALID", message, { remedy: "do not sign it; prepare it again" });
}
