/** `bulkhead upload`: give the management service what was signed, where nothing is to be deployed: metadata, or with it a release that devices get otherwise. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { readSigned, uploadFiles } from "../deploy/source.ts";
import { deploymentsIn, uploadDocuments } from "../overlay/upload.ts";
import { showProgress } from "../run/progress.ts";
import { uploadMetadata } from "../run/project.ts";

export const command = defineCommand({
  meta: {
    name: "upload",
    description:
      "Give the management service the newest roots, targets and overlays: after a refresh, when keys were exchanged; with --release also what a release names, where nothing deploys it.",
  },
  args: {
    release: {
      type: "string",
      description: "Directory that `bulkhead build` wrote: this release too.",
      valueHint: "DIR",
    },
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const built = args.release === undefined ? undefined : await readSigned(args.release, args.repository);
    if (built !== undefined) {
      await showProgress().step(`uploading ${built.target}`, () => uploadFiles(client, built, args.repository));
    }
    const lists = (await deploymentsIn(args.repository)).map((one) => uploadDocuments(client, args.repository, one));
    const overlays = Object.assign({}, ...(await Promise.all(lists)));
    const { rootVersion, targetsVersion } = await uploadMetadata(client, args.repository, overlays);
    const has = `the management service has root ${rootVersion} and ${targetsVersion === null ? "no targets" : `targets ${targetsVersion}`}`;
    const { target, releaseDigest } = built ?? {};
    const result = { rootVersion, targetsVersion, target: target ?? null, releaseDigest: releaseDigest ?? null };
    printResult(args.json, result, target === undefined ? has : `${has}, and ${target}`);
  },
});
