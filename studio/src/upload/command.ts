/** `bulkhead upload`: give the management service what was signed, where there is no release to deploy. */
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { deploymentsIn, uploadDocuments } from "../overlay/upload.ts";
import { uploadMetadata } from "../run/project.ts";

export const command = defineCommand({
  meta: {
    name: "upload",
    description:
      "Give the management service the newest roots, targets and overlays: after a refresh, or when keys were exchanged.",
  },
  args: {
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const lists = (await deploymentsIn(args.repository)).map((one) => uploadDocuments(client, args.repository, one));
    const overlays = Object.assign({}, ...(await Promise.all(lists)));
    const { rootVersion, targetsVersion } = await uploadMetadata(client, args.repository, overlays);
    const text = `the management service has root ${rootVersion} and ${targetsVersion === null ? "no targets" : `targets ${targetsVersion}`}`;
    printResult(args.json, { rootVersion, targetsVersion }, text);
  },
});
