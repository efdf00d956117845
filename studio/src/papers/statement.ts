/** How something came to be: an in-toto statement (v1) with SLSA's provenance (v1). Without a time, so that the same build says the same. */

export type Material = {
  readonly uri: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly name?: string;
};

export type Making = {
  readonly subject: readonly { readonly name: string; readonly sha256: string }[];
  /** `image`, `release`: what the parameters mean is said by it. */
  readonly kind: string;
  readonly externalParameters: Readonly<Record<string, unknown>>;
  readonly internalParameters?: Readonly<Record<string, unknown>>;
  readonly materials: readonly Material[];
};

export const provenanceType = "https://slsa.dev/provenance/v1";
export const statementType = "https://in-toto.io/Statement/v1";

export function makeStatement({ subject, kind, externalParameters, internalParameters, materials }: Making): object {
  return {
    _type: statementType,
    subject: subject.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType: `https://bulkhead.invalid/${kind}/v1`,
        externalParameters,
        ...(internalParameters === undefined ? {} : { internalParameters }),
        resolvedDependencies: materials,
      },
      runDetails: { builder: { id: `https://bulkhead.invalid/${kind}-builder/v1` } },
    },
  };
}
