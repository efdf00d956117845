/** `bulkhead export`: a release in one file, for devices that no network reaches. It needs no key. */
import { stat } from "node:fs/promises";
import type { ReleaseSummary } from "@bulkhead/kms";
import { defineCommand } from "citty";
import type { StudioClient } from "../api/client.ts";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { findTarget } from "../deploy/source.ts";
import { lookUpDevice } from "../device/find-device.ts";
import { showProgress } from "../run/progress.ts";
import { lacking, type Named, namedBy, readDocument } from "./document.ts";
import { collectMetadata } from "./metadata.ts";
import { findOverlay } from "./overlay.ts";
import { writeFileOf } from "./write-file.ts";

export const command = defineCommand({
  meta: {
    name: "export",
    description: "Write a release, and all that is signed about it, into one file for `bulkhead device import`.",
  },
  args: {
    target: { type: "positional", description: "A release uploaded before, as `greenhouse-2.json`.", required: true },
    out: { type: "string", alias: "o", description: "The file to write.", valueHint: "FILE" },
    overlay: { type: "string", description: "Put this overlay on it.", valueHint: "NAME" },
    deployment: { type: "string", description: "Whose overlay it is.", valueHint: "NAME" },
    since: {
      type: "string",
      description: "Leave out what is in this release, which the devices have.",
      valueHint: "TARGET",
    },
    "only-missing": {
      type: "string",
      description: "Leave out what is in the release that this device runs.",
      valueHint: "DEVICE",
    },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const uploaded = await client.releases();
    const { target, releaseDigest } = findTarget(uploaded, args.target);
    const envelope = envelopeOf(uploaded, releaseDigest);
    const signed = envelope ?? releaseDigest;
    const out = args.out ?? `${target.replace(/\.json$/, "")}.bulkhead`;
    const overlay = await findOverlay(client, releaseDigest, args);
    const { files, expires, expiresFirst } = await collectMetadata(client, { target, signed, overlay });
    const documents = [await readDocument(client, signed)];
    if (overlay) documents.push(await readDocument(client, overlay.digest));
    const named = namedBy(documents[0] ?? "", target);
    const all = lacking(named, []);
    const blobs = lacking(named, await releasesThere(client, uploaded, args));
    const header = {
      ...{ format: 1 as const, target, releaseDigest, expires },
      ...(envelope !== undefined && { envelope }),
      ...(overlay && {
        overlay: { target: overlay.target, digest: overlay.digest },
        effectiveDigest: overlay.effectiveDigest,
      }),
    };
    await showProgress().step(`writing ${out}`, () =>
      writeFileOf(out, header, { files, documents, blobs, download: client.downloadBlob }),
    );
    const { size: bytes } = await stat(out);
    const digest = overlay?.effectiveDigest ?? releaseDigest;
    const left = all.length > blobs.length ? ` of ${all.length}` : "";
    const text = [
      `${out}: ${target}${overlay ? ` with ${overlay.name}` : ""}, ${blobs.length}${left} artifacts, ${(bytes / 1024 / 1024).toFixed(1)} MiB`,
      `digest ${digest}: \`bulkhead device import --digest\` takes no other`,
      `good until ${expires} (${expiresFirst} expires first); export again for later`,
    ];
    const counts = { artifacts: blobs.length, leftOut: all.length - blobs.length };
    printResult(args.json, { file: out, digest, ...header, expiresFirst, bytes, ...counts }, text.join("\n"));
  },
});

type Known = { since?: string | undefined; "only-missing"?: string | undefined };

/** What need not be brought. */
async function releasesThere(client: StudioClient, uploaded: readonly ReleaseSummary[], args: Known): Promise<Named[]> {
  const digests: string[] = [];
  if (args.since !== undefined) digests.push(findTarget(uploaded, args.since).releaseDigest);
  if (args["only-missing"] !== undefined) {
    const { release } = await client.device((await lookUpDevice(client, args["only-missing"])).id);
    if (release) digests.push(release.digest);
  }
  const documents = digests.map((digest) => readDocument(client, envelopeOf(uploaded, digest) ?? digest));
  return (await Promise.all(documents)).map((document, index) => namedBy(document, digests[index] ?? ""));
}

/** Undefined where the release is readable. */
function envelopeOf(uploaded: readonly ReleaseSummary[], releaseDigest: string): string | undefined {
  return uploaded.find(({ digest }) => digest === releaseDigest)?.envelope ?? undefined;
}
