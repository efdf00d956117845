/** What a release is made of: its components, and the packages of which something is in each of their bundles. */
import type { Release } from "@bulkhead/protocol";
import { type BillComponent, billComponent, makeBill, npmUrl, sha256Hash, sha512Hash } from "../../papers/cyclonedx.ts";
import { sha512Of } from "../locked/archive.ts";
import type { LockedPackage } from "../locked/index.ts";
import type { Content } from "../release.ts";
import type { LinkedPackage } from "./linked.ts";

/** A component with the packages in it. */
export type Documented = Content & {
  readonly packages: readonly LockedPackage[];
  /** Of a program: what the compilers put into it. */
  readonly linked: readonly LinkedPackage[];
};

export function makeReleaseSbom(release: Release, releaseDigest: string, components: readonly Documented[]): object {
  const reference = ({ component }: Content) => `component:${component}`;
  const packages = new Map(components.flatMap((one) => one.packages).map((one) => [referenceOf(one), one]));
  const subject = billComponent("application", release.name, release.version, [sha256Hash(releaseDigest)], {
    reference: `release:${release.name}-${release.releaseCounter}`,
    properties: { "bulkhead:board": release.board, "bulkhead:releaseCounter": String(release.releaseCounter) },
  });
  const applications = components.map((one) =>
    billComponent("application", one.component, release.version, [sha256Hash(one.digest)], {
      reference: reference(one),
      properties: { "bulkhead:image": one.image, "bulkhead:runner": one.runner },
    }),
  );
  const dependencies = new Map<string, readonly string[]>([
    [subject["bom-ref"], applications.map((one) => one["bom-ref"])],
    ...components.map((one) => {
      return [reference(one), [...one.packages.map(referenceOf), ...one.linked.map(({ purl }) => purl)]] as const;
    }),
  ]);
  const linked = new Map(components.flatMap((one) => one.linked).map((one) => [one.purl, one]));
  const libraries = [
    ...[...packages].map(([, one]) => packageComponent(one)),
    ...[...linked.values()].map(({ name, version, purl }) => billComponent("library", name, version, [], { purl })),
  ].sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
  return makeBill({
    identity: releaseDigest,
    dateMs: release.builtAtMs,
    subject,
    components: [...applications, ...libraries],
    dependencies,
  });
}

/** Parts of Bulkhead come with it, not from a registry, so they have no package URL. */
const isOwn = ({ lockRoot }: LockedPackage): boolean => lockRoot === undefined;

/** One package can be installed twice, in one version; it is one package. */
function referenceOf(one: LockedPackage): string {
  return isOwn(one) ? `framework:${one.name}@${one.version}` : npmUrl(one.name, one.version);
}

function packageComponent(one: LockedPackage): BillComponent {
  const { name, version, licence, integrity } = one;
  if (isOwn(one)) return billComponent("framework", name, version, [], { licence });
  const digest = integrity === undefined ? undefined : sha512Of(integrity);
  const hashes = digest === undefined ? [] : [sha512Hash(digest)];
  return billComponent("library", name, version, hashes, { purl: npmUrl(name, version), licence });
}
