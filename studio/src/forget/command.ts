/** `bulkhead forget`: what was kept of a system on this machine goes, so that its name can be begun anew. */
import { defineCommand } from "citty";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { bulkheadDirectory } from "../locations.ts";
import { findKept, forgetSystem } from "../run/forget.ts";
import { nameOf } from "../run/options.ts";

export const command = defineCommand({
  meta: {
    name: "forget",
    description:
      "Remove all that this machine keeps of a system that has ended: its devices, its management service, and the keys made for it.",
  },
  args: {
    system: { type: "positional", description: "The --name that it was started under.", required: true },
    ...yesOption,
    ...jsonOption,
  },
  async run({ args }) {
    const name = nameOf(args.system, "the system");
    const stateDir = await findKept(name, bulkheadDirectory);
    const question = `Remove ${stateDir}, with the devices, the management service and the keys that were made for ${name}?`;
    if (!args.yes && !(await confirm(question))) return false;
    await forgetSystem(name, bulkheadDirectory);
    printResult(args.json, { forgotten: name, directory: stateDir }, `${stateDir} is removed`);
    return true;
  },
});
