/** `bulkhead request`: what a key holder does with a signing request that is brought to him. */
import { defineCommand } from "citty";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { checkRepository, mergeRequests, publishRequest, signWithRing } from "../sign/ceremony.ts";
import { formatSummary } from "../sign/format-summary.ts";
import { checkMark, keyOptions, openRing } from "../sign/options.ts";
import { readRepository } from "../sign/repository.ts";
import { readRequest, standingOf, writeRequest } from "../sign/request.ts";
import { summarise } from "../sign/summary.ts";

const file = { type: "positional", description: "The signing request.", required: true } as const;

const show = defineCommand({
  meta: { name: "show", description: "Print what a signing request would make devices trust, and who has signed." },
  args: { file, ...jsonOption },
  async run({ args }) {
    const request = await readRequest(args.file);
    const summary = summarise(request);
    printResult(args.json, { summary, complete: standingOf(request).complete }, formatSummary(summary));
  },
});

const sign = defineCommand({
  meta: { name: "sign", description: "Show what a signing request means, ask, and add a signature to it." },
  args: {
    file,
    ...keyOptions,
    repository: {
      type: "string",
      description: "Your own copy of the repository: the request must go on from it.",
      valueHint: "DIR",
    },
    ...yesOption,
    ...jsonOption,
  },
  async run({ args }) {
    const request = await readRequest(args.file);
    const summary = summarise(request);
    if (args.repository !== undefined) {
      await checkRepository(request, await readRepository(args.repository, request.delegated?.name));
    }
    const ring = await openRing(args);
    checkMark(request, ring);
    process.stderr.write(`${formatSummary(summary)}\n`);
    if (args.yes !== true && !(await confirm("Sign this?"))) return false;
    const signed = await signWithRing(request, ring);
    await writeRequest(args.file, signed);
    const { complete } = standingOf(signed);
    const next = complete ? "complete: bulkhead request publish" : "more keys must sign";
    printResult(args.json, { request: args.file, digest: summary.digest, complete }, `${args.file}: signed; ${next}`);
    return true;
  },
});

const merge = defineCommand({
  meta: { name: "merge", description: "Add the signatures of another copy of a signing request, signed elsewhere." },
  args: {
    file,
    from: { type: "positional", description: "The other copy.", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const merged = mergeRequests(await readRequest(args.file), await readRequest(args.from));
    await writeRequest(args.file, merged);
    const { complete, signatures } = standingOf(merged);
    const text = `${args.file}: ${signatures.valid.length} signatures; ${complete ? "complete" : "more keys must sign"}`;
    printResult(args.json, { request: args.file, complete }, text);
  },
});

const publish = defineCommand({
  meta: { name: "publish", description: "Write what a complete signing request holds into the repository." },
  args: {
    file,
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const request = await readRequest(args.file);
    const role = request.delegated?.name ?? request.metadata.signed.type;
    const { file: written, version } = await publishRequest(request, args.repository);
    printResult(args.json, { file: written, version }, `${written}: ${role} version ${version}`);
  },
});

export const command = defineCommand({
  meta: { name: "request", description: "Signing requests: what is signed by several keys in several places." },
  subCommands: { show, sign, merge, publish },
});
