/** How an image came to be: an in-toto statement of its files. Not signed here: it goes with the release's metadata. */
import { npmUrl } from "../../papers/cyclonedx.ts";
import { makeStatement } from "../../papers/statement.ts";
import type { SupportFile } from "../bsp/contents.ts";
import type { LockedPackage } from "../packages/locked.ts";
import type { NodePackage } from "../root/node.ts";

export type Making = {
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  readonly board: string;
  readonly dateS: number;
  readonly releaseDigest: string;
  /** Of the checkout: its commit; undefined where there is none, or it has changes. */
  readonly commit: string | undefined;
  readonly builder: readonly LockedPackage[];
  readonly packages: readonly LockedPackage[];
  readonly node: NodePackage | undefined;
  readonly brought: readonly SupportFile[];
};

export function makeProvenance(making: Making): object {
  const { files, board, dateS, releaseDigest, commit, builder, packages, node, brought } = making;
  const debian = [...packages, ...builder].map(({ name, version, architecture, sha256 }) => ({
    uri: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`,
    digest: { sha256 },
  }));
  const sources = commit === undefined ? [] : [{ uri: "bulkhead", digest: { gitCommit: commit } }];
  const nodes = node === undefined ? [] : [{ uri: npmUrl(node.name, node.version), digest: { sha512: hexOf(node) } }];
  const support = brought.map(({ path, sha256 }) => ({ uri: `bsp/${encodeURI(path)}`, digest: { sha256 } }));
  return makeStatement({
    subject: files,
    kind: "image",
    externalParameters: { board, release: releaseDigest, sourceDateEpoch: dateS },
    materials: [...sources, ...nodes, ...debian, ...support],
  });
}

function hexOf({ integrity }: NodePackage): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}
