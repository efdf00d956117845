/** `bulkhead overlay`: other values for the devices of a deployment, within what a release marks. */
import { BulkheadError, canonicalJson, nameSchema, sha256 } from "@bulkhead/protocol";
import type { Unwrap } from "@bulkhead/runtime";
import type { Targets } from "@tufjs/models";
import { defineCommand } from "citty";
import { jsonOption, printResult } from "../cli/output.ts";
import { passphraseOptions } from "../cli/passphrase.ts";
import { printable } from "../cli/printable.ts";
import { openerOf, openingOptions } from "../seal/options.ts";
import { overlayLines } from "../sign/format-overlay.ts";
import { carryOut, ceremonyOptions, keyOptions, openRing } from "../sign/options.ts";
import { onRelease } from "../sign/overlay-summary.ts";
import { type OverlaysChange, prepareOverlays } from "../sign/overlays.ts";
import type { SigningRequest } from "../sign/request.ts";
import { deployCommand } from "./deploy.ts";
import { findRelease } from "./release.ts";
import { signedOverlays } from "./signed.ts";
import { readOverlay } from "./written.ts";

const release = {
  type: "string",
  description: "Directory that `bulkhead build` wrote, or the name of a release in the repository.",
  valueHint: "RELEASE",
} as const;

const check = defineCommand({
  meta: { name: "check", description: "Say what a device would say of an overlay, and what it sets." },
  args: {
    file: { type: "positional", description: "The overlay, as it is written (YAML).", required: true },
    release: { ...release, required: true },
    repository: { type: "string", description: "Repository that has the release.", valueHint: "DIR" },
    ...openingOptions,
    ...{ ...passphraseOptions, development: keyOptions.development },
    ...jsonOption,
  },
  async run({ args }) {
    const based = await findRelease(args.release, args.repository, await openerOf(args));
    const written = await readOverlay(args.file, based.digest);
    if (written.expiresMs <= Date.now()) throw expired(args.file, written.expiresMs);
    // Its counter it has once it is signed; until then this one stands for it.
    const overlay = { ...written, overlayCounter: 1 };
    const { effectiveDigest: _, ...summary } = onRelease(based.release, overlay, sha256(canonicalJson(overlay)));
    const lines = summary.values.map(({ place, before, after }) => {
      return `  ${place}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
    });
    const text = [`${args.file}: a device would take it on ${summary.release}`, ...lines];
    printResult(args.json, { overlay: written, ...summary }, text.map(printable).join("\n"));
  },
});

const sign = defineCommand({
  meta: {
    name: "sign",
    description:
      "Sign an overlay with the overlay keys of its deployment; or the list anew, without one, or for longer.",
  },
  args: {
    file: { type: "positional", description: "The overlay, as it is written (YAML).", required: false },
    release,
    deployment: { type: "string", description: "Where there is no file: whose list.", valueHint: "NAME" },
    withdraw: {
      type: "string",
      description: "An overlay that is to count no more, for all releases; or one as `show` names it: overlays/….json.",
      valueHint: "NAME",
    },
    ...ceremonyOptions,
    ...openingOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const ring = args.keys === undefined ? undefined : await openRing(args);
    const { deployment, change } = await changeOf(args, await openerOf(args, ring));
    const request = await prepareOverlays(args.repository, deployment, change);
    const removed = removedBy(request);
    const [signed] = [...(request.delegated?.overlays ?? [])];
    await carryOut(
      args,
      request,
      ({ file, version }) => {
        const { expires } = request.metadata.signed;
        const result = { overlaysFile: file, overlaysVersion: version, expires };
        if (signed === undefined || change.add === undefined) {
          const gone = removed.map((target) => `\n  no more: ${target}`).join("");
          return { result, text: `${file}: good until ${expires}${gone}` };
        }
        const [digest, overlay] = signed;
        const summary = onRelease(change.add.release, overlay, digest);
        const { effectiveDigest } = summary;
        return {
          result: { ...result, overlay: overlay.overlay, overlayDigest: digest, effectiveDigest },
          text: `${overlay.overlay} ${overlay.overlayCounter}: signed in ${file}\n  effective digest ${effectiveDigest}`,
        };
      },
      { opened: ring, facts: { removed } },
    );
  },
});

const show = defineCommand({
  meta: { name: "show", description: "Show the overlays of a deployment that are signed, and what they set." },
  args: {
    deployment: { type: "positional", description: "Name of the deployment.", required: true },
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    ...openingOptions,
    ...{ ...passphraseOptions, development: keyOptions.development },
    ...jsonOption,
  },
  async run({ args }) {
    const { overlays, expires, version } = await signedOverlays(
      args.repository,
      nameOf(args.deployment),
      await openerOf(args),
    );
    const lines = overlays.flatMap((one) => overlayLines(one).map((line, at) => `${at === 0 ? "" : "  "}${line}`));
    const text = [`overlays of ${args.deployment}: version ${version}, until ${expires}`, ...lines];
    printResult(args.json, { overlays, expires, version }, text.map(printable).join("\n"));
  },
});

export const command = defineCommand({
  meta: { name: "overlay", description: "Overlays: other values for the devices of a deployment." },
  subCommands: { check, sign, show, deploy: deployCommand },
});

type SignArguments = Partial<Record<"file" | "release" | "deployment" | "withdraw", string | undefined>> & {
  repository: string;
};

/** What is not in the list any more: withdrawn, replaced or expired. */
function removedBy({ before, metadata }: SigningRequest): string[] {
  const { targets } = metadata.signed as Targets;
  return Object.keys(before?.signed.targets ?? {}).filter((target) => targets[target] === undefined);
}

async function changeOf(args: SignArguments, unwrap: Unwrap): Promise<{ deployment: string; change: OverlaysChange }> {
  const { file, release: name, deployment, withdraw } = args;
  if (file === undefined && name === undefined && deployment !== undefined) {
    return { deployment: nameOf(deployment), change: { withdraw } };
  }
  if (file === undefined || name === undefined || deployment !== undefined || withdraw !== undefined) {
    throw new BulkheadError("USAGE", "what is to be signed?", {
      remedy: "give a FILE and --release, or --deployment with --withdraw, or --deployment alone to sign for longer",
    });
  }
  const { release: base, digest } = await findRelease(name, args.repository, unwrap);
  const overlay = await readOverlay(file, digest);
  if (overlay.expiresMs <= Date.now()) throw expired(file, overlay.expiresMs);
  return { deployment: overlay.deployment, change: { add: { overlay, release: base } } };
}

function nameOf(deployment: string): string {
  const name = nameSchema.safeParse(deployment);
  if (name.success) return name.data;
  throw new BulkheadError("USAGE", `${deployment} is not the name of a deployment`);
}

function expired(file: string, expiresMs: number): BulkheadError {
  return new BulkheadError("OVERLAY_EXPIRED", `${file} is good until ${new Date(expiresMs).toISOString()}`, {
    remedy: "write a later day in `expires`",
  });
}
