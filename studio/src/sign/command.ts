/** `bulkhead sign`: make a built release one that devices accept, or what is signed good for longer. */
import { BulkheadError, onlyForText, releaseTargetName, sha256 } from "@bulkhead/protocol";
import type { Targets } from "@tufjs/models";
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { openerOf, openingOptions } from "../seal/options.ts";
import { checkRefreshOnly, onlyForFrom, onlyForIn, onlyForOptions } from "./only-for.ts";
import { carryOut, ceremonyOptions, openRing } from "./options.ts";
import { prepareTargets } from "./prepare.ts";
import { checkRefresh, type Readers, readerOptions, readersOf } from "./readers.ts";
import { readRelease } from "./release-file.ts";

const refreshed: Readers = { recipients: undefined };

export const command = defineCommand({
  meta: { name: "sign", description: "Sign a built release with the project's targets keys." },
  args: {
    release: { type: "positional", description: "Directory that `bulkhead build` wrote.", required: false },
    refresh: { type: "boolean", description: "No release: what is signed stays as it is, and good for longer." },
    ...readerOptions,
    ...onlyForOptions,
    ...ceremonyOptions,
    ...openingOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const { release: releaseDir, refresh = false, repository } = args;
    if ((releaseDir === undefined) !== refresh) {
      throw new BulkheadError("USAGE", "what is to be signed?", { remedy: "give a release, or --refresh alone" });
    }
    if (refresh) {
      checkRefresh(args);
      checkRefreshOnly(args);
    }
    const said = onlyForFrom(args);
    const ring = args.keys === undefined ? undefined : await openRing(args);
    const built = releaseDir === undefined ? undefined : await readRelease(releaseDir);
    const { recipients, as } = built === undefined ? refreshed : await readersOf(args, built.release.name);
    const unwrap = await openerOf(args, ring);
    const what = releaseDir === undefined ? {} : { releaseDir, ring, recipients, unwrap, onlyFor: said };
    const request = await prepareTargets(repository, what);
    const target = built && releaseTargetName(built.release);
    const onlyFor = onlyForIn(target === undefined ? undefined : (request.metadata.signed as Targets).targets[target]);
    const facts = built && {
      ...{ target, releaseDigest: sha256(built.text) },
      ...{ recipients: recipients ?? null, as: as ?? null, onlyFor: onlyFor ?? null },
    };
    await carryOut(
      args,
      request,
      ({ file, version }) => {
        const result = { targetsFile: file, targetsVersion: version, expires: request.metadata.signed.expires };
        if (target === undefined) return { result, text: `${file}: good until ${result.expires}` };
        const readers =
          recipients === undefined
            ? "readable by everybody who has its files, the management service among them"
            : `encrypted for ${recipients.join(", ")}${as === undefined ? "" : `, as ${as} is`}`;
        return { result, text: `${target}: signed in ${file}\n  ${readers}\n  ${onlyForText(onlyFor)}` };
      },
      { opened: ring, facts },
    );
  },
});
