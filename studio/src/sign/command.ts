/** `bulkhead sign`: make a built release one that devices accept, or what is signed good for longer. */
import { BulkheadError, releaseTargetName, sha256 } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { carryOut, ceremonyOptions, openRing } from "./options.ts";
import { prepareTargets } from "./prepare.ts";
import { readRelease } from "./release-file.ts";

export const command = defineCommand({
  meta: { name: "sign", description: "Sign a built release with the project's targets keys." },
  args: {
    release: { type: "positional", description: "Directory that `bulkhead build` wrote.", required: false },
    refresh: { type: "boolean", description: "No release: what is signed stays as it is, and good for longer." },
    ...ceremonyOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const { release: releaseDir, refresh = false, repository } = args;
    if ((releaseDir === undefined) !== refresh) {
      throw new BulkheadError("USAGE", "what is to be signed?", { remedy: "give a release, or --refresh alone" });
    }
    const ring = args.keys === undefined ? undefined : await openRing(args);
    const request = await prepareTargets(repository, releaseDir === undefined ? {} : { releaseDir, ring });
    const built = releaseDir === undefined ? undefined : await readRelease(releaseDir);
    await carryOut(
      args,
      request,
      ({ file, version }) => {
        const signed = { targetsFile: file, targetsVersion: version, expires: request.metadata.signed.expires };
        if (built === undefined) return { result: signed, text: `${file}: good until ${signed.expires}` };
        const target = releaseTargetName(built.release);
        return {
          result: { target, releaseDigest: sha256(built.text), ...signed },
          text: `${target}: signed in ${file}`,
        };
      },
      ring,
    );
  },
});
