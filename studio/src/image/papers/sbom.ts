/** What an image is made of: every Debian package of the lock, Node, the runtime, and the artifacts of the release. */
import type { Release } from "@bulkhead/protocol";
import { type BillComponent, billComponent, makeBill, npmUrl, sha256Hash, sha512Hash } from "../../papers/cyclonedx.ts";
import type { SupportFile } from "../bsp/contents.ts";
import type { LockedPackage } from "../packages/locked.ts";
import type { NodePackage } from "../root/node.ts";

export type Contents = {
  readonly image: { readonly name: string; readonly sha256: string };
  readonly dateS: number;
  readonly packages: readonly LockedPackage[];
  readonly node: NodePackage | undefined;
  /** Of a board support package. */
  readonly brought: readonly SupportFile[];
  readonly release: Release;
  /** Of the runtime as it is installed. */
  readonly runtimeSha256: string;
};

export function makeSbom({ image, dateS, packages, node, brought, release, runtimeSha256 }: Contents): object {
  const components = [
    ...packages.map(debianComponent),
    ...(node === undefined ? [] : [nodeComponent(node)]),
    ...brought.map(({ path, sha256 }) => billComponent("file", path, sha256.slice(0, 12), [sha256Hash(sha256)])),
    billComponent("framework", "bulkhead-runtime", "0.1.0", [sha256Hash(runtimeSha256)], { licence: "Apache-2.0" }),
    ...release.artifacts.map(({ digest }) =>
      billComponent("application", `${release.name}/${digest.slice(0, 12)}`, release.version, [sha256Hash(digest)]),
    ),
  ];
  return makeBill({
    identity: image.sha256,
    dateMs: dateS * 1000,
    subject: billComponent("firmware", image.name, release.version, [sha256Hash(image.sha256)]),
    components,
  });
}

function debianComponent({ name, version, architecture, sha256 }: LockedPackage): BillComponent {
  // Package URL of type `deb`; the version's colon and tilde are as they are written in a URL.
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-13`;
  return billComponent("library", name, version, [sha256Hash(sha256)], { purl });
}

function nodeComponent({ name, version, integrity }: NodePackage): BillComponent {
  const content = Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
  return billComponent("platform", name, version, [sha512Hash(content)], {
    purl: npmUrl(name, version),
    licence: "MIT",
  });
}
