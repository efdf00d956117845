/** `bulkhead keys overlay` and `operators`: whom the targets keys let sign overlays of a deployment, and commands. */
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import type { Delegate } from "../sign/delegations.ts";
import { type CeremonyArguments, carryOut, ceremonyOptions } from "../sign/options.ts";
import { prepareTargets } from "../sign/prepare.ts";
import { countOf, publicKeysOf } from "./public-keys.ts";

const delegateOptions = {
  to: {
    type: "string",
    description: "Their keys: files or public keys. They replace those before.",
    valueHint: "KEY,…",
  },
  threshold: { type: "string", description: "How many of them must sign.", valueHint: "NUMBER", default: "1" },
  remove: { type: "boolean", description: "Nobody any more." },
  ...ceremonyOptions,
  ...jsonOption,
} as const;

export const overlay = defineCommand({
  meta: { name: "overlay", description: "Say in the targets whose keys sign the overlays of a deployment." },
  args: {
    deployment: { type: "positional", description: "Name of the deployment.", required: true },
    ...delegateOptions,
  },
  async run({ args }) {
    const name = nameSchema.safeParse(args.deployment);
    if (!name.success) throw new BulkheadError("USAGE", `${args.deployment} is not the name of a deployment`);
    await delegate({ deployment: name.data }, args);
  },
});

export const operators = defineCommand({
  meta: { name: "operators", description: "Say in the targets whose keys sign commands to devices." },
  args: delegateOptions,
  run: ({ args }) => delegate("operators", args),
});

type Arguments = CeremonyArguments & {
  to?: string | undefined;
  threshold?: string | undefined;
  remove?: boolean | undefined;
};

async function delegate(to: Delegate, args: Arguments): Promise<void> {
  const keys = await publicKeysOf(args.to);
  if ((keys.length === 0) !== (args.remove === true)) {
    throw new BulkheadError("USAGE", "whose keys?", { remedy: "give --to, or --remove alone" });
  }
  const threshold = countOf("threshold", args.threshold) ?? 1;
  const request = await prepareTargets(args.repository, { delegation: { to, keys, threshold } });
  const who = to === "operators" ? "operators" : `overlays of ${to.deployment}`;
  await carryOut(args, request, ({ file, version }) => ({
    result: { targetsFile: file, targetsVersion: version, keys },
    text: `${file}: ${who}: ${keys.length === 0 ? "nobody" : `${threshold} of ${keys.length} keys`}`,
  }));
}
