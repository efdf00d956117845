import type { Release } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { compileBillSchema } from "../../papers/testing/bill-schema.ts";
import type { LockedPackage } from "../locked/index.ts";
import { type Documented, makeReleaseSbom } from "./sbom.ts";

const digest = (byte: string) => byte.repeat(32);
const locked = (name: string, more: Partial<LockedPackage> = {}): LockedPackage => ({
  ...{ name, version: "1.2.3", licence: "MIT", directory: `/x/node_modules/${name}`, lockRoot: "/x", isCompared: true },
  ...{ key: `node_modules/${name}`, integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}` },
  ...more,
});
const sdk = locked("@bulkhead/sdk", { lockRoot: undefined, integrity: undefined, isCompared: false });
const odd = locked("odd", { licence: "SEE LICENSE IN it", integrity: undefined });
const both = locked("@scope/both", { licence: "(MIT OR Apache-2.0)" });
const component = (name: string, packages: LockedPackage[]): Documented => ({
  ...{ component: name, image: `./${name}`, runner: "node", digest: digest("0c"), files: [], packages, linked: [] },
});
const release = { name: "greenhouse", version: "1.0.0", releaseCounter: 3, board: "virtual", builtAtMs: 5 } as Release;
type Bill = {
  components: { name: string; purl?: string; licenses?: unknown[]; hashes: unknown[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
};
const bill = (components = [component("climate", [sdk, both]), component("fan", [sdk, odd])]) =>
  makeReleaseSbom(release, digest("0a"), components) as Bill;

test("[S3] a release's bill of materials is what CycloneDX 1.6 says that one is", () => {
  const problemsOf = compileBillSchema();
  expect(problemsOf(bill())).toEqual([]);
  expect(problemsOf({ ...bill(), components: [{ ...bill().components[0], type: "thing" }] })).not.toEqual([]);
});

test("[S3] it names each package once, with version, licence, URL and the digest of the lock file, and who has it in", () => {
  const { components, dependencies } = bill();
  expect(components.map(({ name }) => name)).toEqual(["climate", "fan", "@bulkhead/sdk", "@scope/both", "odd"]);
  expect(components.slice(3)).toMatchObject([
    {
      purl: "pkg:npm/%40scope/both@1.2.3",
      licenses: [{ expression: "(MIT OR Apache-2.0)" }],
      hashes: [{ alg: "SHA-512", content: "07".repeat(64) }],
    },
    { purl: "pkg:npm/odd@1.2.3", licenses: [{ license: { name: "SEE LICENSE IN it" } }], hashes: [] },
  ]);
  expect(dependencies).toEqual([
    { ref: "release:greenhouse-3", dependsOn: ["component:climate", "component:fan"] },
    { ref: "component:climate", dependsOn: ["framework:@bulkhead/sdk@1.2.3", "pkg:npm/%40scope/both@1.2.3"] },
    { ref: "component:fan", dependsOn: ["framework:@bulkhead/sdk@1.2.3", "pkg:npm/odd@1.2.3"] },
  ]);
});

test("[S3] it is the same for the same release, wherever its packages lie, and whether or not they could be compared", () => {
  const elsewhere = (one: LockedPackage) => ({ ...one, directory: `/elsewhere/${one.name}`, isCompared: false });
  const moved = bill([component("climate", [sdk, both].map(elsewhere)), component("fan", [sdk, odd].map(elsewhere))]);
  expect(JSON.stringify(moved)).toBe(JSON.stringify(bill()));
});

test("[S3] it names what compilers put into a program, which no lock file has", () => {
  const libc = { name: "libc6-dev", version: "2.36-9", purl: "pkg:deb/debian/libc6-dev@2.36-9?arch=amd64" };
  const { components, dependencies } = bill([{ ...component("lamp", []), runner: "native", linked: [libc] }]);
  expect(components.at(-1)).toMatchObject({ name: "libc6-dev", version: "2.36-9", purl: libc.purl });
  expect(dependencies.at(-1)).toEqual({ ref: "component:lamp", dependsOn: [libc.purl] });
});
