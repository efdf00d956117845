/** `bulkhead rollback`: let devices go back to an earlier release, and withdraw those after it. */
import { defineCommand } from "citty";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption } from "../cli/output.ts";
import { openerOf, openingOptions } from "../seal/options.ts";
import { carryOut, ceremonyOptions, checkMark, openRing } from "../sign/options.ts";
import { prepareRollback, wayBackLines } from "../sign/way-back.ts";

export const command = defineCommand({
  meta: {
    name: "rollback",
    description:
      "Sign that devices may go back to an earlier release, and withdraw those after it: shown and asked first, for it is final.",
  },
  args: {
    target: {
      type: "positional",
      description: "The release to go back to, as the targets name it: greenhouse-1.json.",
      required: true,
    },
    ...ceremonyOptions,
    ...openingOptions,
    ...yesOption,
    ...jsonOption,
  },
  async run({ args }) {
    // A request that no key here signs changes nothing: who signs it is asked then.
    const isSigned = args.keys !== undefined || args.prepare === undefined;
    const ring = isSigned ? await openRing(args) : undefined;
    const { request, way } = await prepareRollback(args.repository, args.target, await openerOf(args, ring));
    if (ring !== undefined) checkMark(request, ring);
    process.stderr.write(`${wayBackLines(way).join("\n")}\n`);
    if (isSigned && args.yes !== true && !(await confirm("Sign this?"))) return false;
    await carryOut(
      args,
      request,
      ({ file, version }) => ({
        result: { targetsFile: file, targetsVersion: version, expires: request.metadata.signed.expires },
        text: `${args.target}: signed in ${file}\n  now: bulkhead upload, and bulkhead deploy DEVICE --target ${args.target}`,
      }),
      { opened: ring, facts: way },
    );
    return true;
  },
});
