/**
 * Bills of materials as CycloneDX 1.6 (ECMA-424) has them. A document of few kinds of members, written here: the library for it brings more
 * packages than the document has members. Nothing of when or where it was written is in it.
 */
import { createHash } from "node:crypto";
import { uuidOf } from "../uuid.ts";

export type Bill = {
  /** What the document's serial number is made of: the same subject, the same number. */
  readonly identity: string;
  readonly dateMs: number;
  readonly subject: BillComponent;
  readonly components: readonly BillComponent[];
  /** Which component needs which, by their references; every one that needs nothing may be left out. */
  readonly dependencies?: ReadonlyMap<string, readonly string[]>;
};

export type BillComponent = { readonly "bom-ref": string } & Readonly<Record<string, unknown>>;

export type ComponentDetails = {
  readonly purl?: string;
  /** An SPDX expression, or whatever else its author wrote. */
  readonly licence?: string | undefined;
  readonly properties?: Readonly<Record<string, string>>;
  /** Default: the package URL, else kind, name and version. */
  readonly reference?: string;
};

export function makeBill({ identity, dateMs, subject, components, dependencies }: Bill): object {
  const edges = [...(dependencies ?? [])].map(([ref, dependsOn]) => ({
    ref,
    dependsOn: [...new Set(dependsOn)].sort(),
  }));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(createHash("sha256").update(`sbom ${identity}`).digest("hex"))}`,
    version: 1,
    metadata: { timestamp: new Date(dateMs).toISOString(), component: subject },
    components,
    ...(dependencies === undefined ? {} : { dependencies: edges }),
  };
}

export function billComponent(
  type: string,
  name: string,
  version: string,
  hashes: readonly object[],
  { purl, licence, properties, reference }: ComponentDetails = {},
): BillComponent {
  const ref = reference ?? purl ?? `${type}:${name}@${version}`;
  const named = Object.entries(properties ?? {}).map(([key, value]) => ({ name: key, value }));
  return {
    type,
    "bom-ref": ref,
    name,
    version,
    hashes,
    ...(licence === undefined ? {} : { licenses: [licenceOf(licence)] }),
    ...(purl === undefined ? {} : { purl }),
    ...(named.length === 0 ? {} : { properties: named }),
  };
}

/** One identifier or an expression of several is an expression; other words ("SEE LICENSE IN …") are a name. */
function licenceOf(licence: string): object {
  const isExpression = /^[A-Za-z0-9.+-]+$|^\(?[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) \(?[A-Za-z0-9.+-]+\)?)+\)?$/.test(
    licence,
  );
  return isExpression ? { expression: licence } : { license: { name: licence } };
}

export function sha256Hash(content: string): object {
  return { alg: "SHA-256", content };
}

/** Of a digest as npm writes it. */
export function sha512Hash(hex: string): object {
  return { alg: "SHA-512", content: hex };
}

/** The package URL of a package of npm: the sign of a scope is written as a URL has it. */
export function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${encodeURIComponent(version)}`;
}
