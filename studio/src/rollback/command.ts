/** `bulkhead rollback`: let devices go back to an earlier release, and withdraw those after it. */
import { paperOf } from "@bulkhead/protocol";
import type { Targets } from "@tufjs/models";
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { carryOut, ceremonyOptions } from "../sign/options.ts";
import { prepareTargets } from "../sign/prepare.ts";
import { rollbackFrom } from "../sign/rollback.ts";

export const command = defineCommand({
  meta: {
    name: "rollback",
    description: "Sign that devices may go back to an earlier release, and withdraw those after it.",
  },
  args: {
    target: {
      type: "positional",
      description: "The release to go back to, as the targets name it: greenhouse-1.json.",
      required: true,
    },
    ...ceremonyOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const { target, repository } = args;
    const request = await prepareTargets(repository, { rollbackTo: target });
    await carryOut(args, request, ({ file, version }) => {
      const { targets, expires } = request.metadata.signed as Targets;
      const from = rollbackFrom(targets[target]);
      const withdrawn = Object.keys(request.before?.signed.targets ?? {}).filter(
        (path) => targets[path] === undefined && paperOf(path) === undefined,
      );
      return {
        result: { target, rollbackFrom: from, withdrawn, targetsFile: file, targetsVersion: version, expires },
        text: [
          `${target}: devices that have committed a counter up to ${from} may go back to it, signed in ${file}`,
          `  withdrawn: ${withdrawn.length === 0 ? "nothing" : withdrawn.join(", ")}`,
          "  now: bulkhead upload, and bulkhead deploy DEVICE --target",
        ].join("\n"),
      };
    });
  },
});
