/** `bulkhead keys status`: who may sign what, and what expires when; 1 where something must be done. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption, printResult } from "../cli/output.ts";
import { readRepository } from "../sign/repository.ts";
import { openKeyRing } from "./key-ring.ts";
import { formatStatus, overlayLists, statusOf } from "./status.ts";

export const status = defineCommand({
  meta: {
    name: "status",
    description: "Print who may sign what, and what expires when; exit code 1 if something expires soon.",
  },
  args: {
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    keys: { type: "string", description: "Keys that are here, to name their files.", valueHint: "PATH" },
    within: { type: "string", description: "What is soon, in days.", valueHint: "DAYS", default: "30" },
    ...jsonOption,
  },
  async run({ args }) {
    if (!/^\d{1,4}$/.test(args.within))
      throw new BulkheadError("USAGE", `--within ${args.within} is not a number of days`);
    const ring =
      args.keys === undefined
        ? undefined
        : await openKeyRing(args.keys, { development: true, passphrases: async () => "" });
    const repository = await readRepository(args.repository);
    const lists = await overlayLists(repository);
    const found = statusOf(repository, ring?.keys ?? [], Number(args.within), Date.now(), lists);
    printResult(args.json, found, formatStatus(found));
    return found.problems.length === 0;
  },
});
