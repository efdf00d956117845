/** `bulkhead sign`: make a built release one that devices accept. */
import { defineCommand } from "citty";
import { jsonOption, printResult } from "../cli/output.ts";
import { signRelease } from "./release.ts";

export const command = defineCommand({
  meta: { name: "sign", description: "Sign a built release with the project's targets key." },
  args: {
    release: { type: "positional", description: "Directory that `bulkhead build` wrote.", required: true },
    keys: { type: "string", description: "Directory of the offline keys.", valueHint: "DIR", required: true },
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const signed = await signRelease({ keysDir: args.keys, repoDir: args.repository, releaseDir: args.release });
    const { target, releaseDigest, targetsFile, targetsVersion } = signed;
    printResult(
      args.json,
      { target, releaseDigest, targetsFile, targetsVersion },
      `${target}: signed in ${targetsFile}`,
    );
  },
});
