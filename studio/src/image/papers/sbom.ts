/**
 * What an image is made of, as CycloneDX 1.6 (ECMA-424) has it: every Debian package of the lock, Node, the runtime, and the artifacts of the
 * release. A document of four kinds of components, written here: the library for it brings more packages than the document has members.
 */
import { createHash } from "node:crypto";
import type { Release } from "@bulkhead/protocol";
import type { SupportFile } from "../bsp/contents.ts";
import type { LockedPackage } from "../packages/locked.ts";
import type { NodePackage } from "../root/node.ts";
import { uuidOf } from "../slot/root-image.ts";

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
    ...brought.map(({ path, sha256: digest }) => component("file", path, digest.slice(0, 12), [sha256(digest)], {})),
    component("framework", "bulkhead-runtime", "0.1.0", [sha256(runtimeSha256)], { licence: "Apache-2.0" }),
    ...release.artifacts.map(({ digest }) =>
      component("application", `${release.name}/${digest.slice(0, 12)}`, release.version, [sha256(digest)], {}),
    ),
  ];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(createHash("sha256").update(`sbom ${image.sha256}`).digest("hex"))}`,
    version: 1,
    metadata: {
      timestamp: new Date(dateS * 1000).toISOString(),
      component: component("firmware", image.name, release.version, [sha256(image.sha256)], {}),
    },
    components,
  };
}

function debianComponent({ name, version, architecture, sha256: digest }: LockedPackage): object {
  // Package URL of type `deb`; the version's colon and tilde are as they are written in a URL.
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-13`;
  return component("library", name, version, [sha256(digest)], { purl });
}

function nodeComponent({ name, version, integrity }: NodePackage): object {
  const content = Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
  const purl = `pkg:npm/${name}@${version}`;
  return component("platform", name, version, [{ alg: "SHA-512", content }], { purl, licence: "MIT" });
}

type More = { readonly purl?: string; readonly licence?: string };

function component(type: string, name: string, version: string, hashes: object[], { purl, licence }: More): object {
  const reference = purl ?? `${type}:${name}@${version}`;
  const licences = licence === undefined ? {} : { licenses: [{ license: { id: licence } }] };
  return { type, "bom-ref": reference, name, version, hashes, ...licences, ...(purl === undefined ? {} : { purl }) };
}

function sha256(content: string): object {
  return { alg: "SHA-256", content };
}
