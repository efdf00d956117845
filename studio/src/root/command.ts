/** `bulkhead root`: what makes devices trust the keys of a project, and how keys are exchanged. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption } from "../cli/output.ts";
import { openKeyRing } from "../keys/key-ring.ts";
import { countOf, publicKeysOf } from "../keys/public-keys.ts";
import { prepareFirst } from "../sign/at-once.ts";
import { carryOut, ceremonyOptions } from "../sign/options.ts";
import { prepareNextRoot } from "../sign/prepare.ts";
import { contentOf } from "../sign/root.ts";

const onlineOptions = (required: boolean) =>
  ({
    snapshot: { type: "string", description: "The service's public snapshot key.", valueHint: "KEY", required },
    timestamp: { type: "string", description: "The service's public timestamp key.", valueHint: "KEY", required },
  }) as const;
const thresholdOption = {
  "targets-threshold": { type: "string", description: "Targets keys that must sign.", valueHint: "NUMBER" },
} as const;

const init = defineCommand({
  meta: {
    name: "init",
    description: "Make the first root: it names all keys in --keys, of which some may be elsewhere.",
  },
  args: {
    ...ceremonyOptions,
    keys: { ...ceremonyOptions.keys, required: true },
    ...onlineOptions(true),
    ...thresholdOption,
    ...jsonOption,
  },
  async run({ args }) {
    const online = await onlineKeys(args);
    const [snapshotKey = "", timestampKey = ""] = [online.snapshotKey, online.timestampKey];
    const ring = await openKeyRing(args.keys, {
      development: args.development === true,
      passphrases: async () => "",
    });
    const threshold = countOf("targets-threshold", args["targets-threshold"]) ?? 1;
    const request = await prepareFirst(ring, args.repository, { snapshotKey, timestampKey }, threshold);
    // A request without signatures is what --prepare means; the keys are named to be in the root.
    const { keys: _named, ...unsigned } = args;
    await carryOut(args.prepare === undefined ? args : unsigned, request, written);
  },
});

const rotate = defineCommand({
  meta: { name: "rotate", description: "Make the next root: another year, other keys, other thresholds." },
  args: {
    ...ceremonyOptions,
    ...keyListOptions("root"),
    "root-threshold": { type: "string", description: "Root keys that must sign.", valueHint: "NUMBER" },
    ...keyListOptions("targets"),
    ...thresholdOption,
    ...onlineOptions(false),
    ...jsonOption,
  },
  async run({ args }) {
    const request = await prepareNextRoot(args.repository, {
      addRoot: await publicKeysOf(args["add-root"]),
      removeRoot: await publicKeysOf(args["remove-root"]),
      rootThreshold: countOf("root-threshold", args["root-threshold"]),
      addTargets: await publicKeysOf(args["add-targets"]),
      removeTargets: await publicKeysOf(args["remove-targets"]),
      targetsThreshold: countOf("targets-threshold", args["targets-threshold"]),
      online: await onlineKeys(args),
    });
    const { root, metadata } = request;
    const [before, after] = [root?.signed, metadata.signed].map((one) => contentOf(one as never));
    const exchanged = before?.targetsKeys.join() !== after?.targetsKeys.join();
    await carryOut(args, request, (published) => {
      const { result, text } = written(published);
      const next = "the targets keys are others now: bulkhead sign --refresh";
      return exchanged ? { result: { ...result, refresh: true }, text: `${text}\n  ${next}` } : { result, text };
    });
  },
});

export const command = defineCommand({
  meta: { name: "root", description: "The root of a project: which keys may sign what." },
  subCommands: { init, rotate },
});

const written = ({ file, version }: { file: string; version: number }) => ({
  result: { file, version },
  text: `${file}: root version ${version}`,
});

function keyListOptions<R extends "root" | "targets">(role: R) {
  const option = (verb: string) =>
    ({ type: "string", description: `${verb} ${role} keys: files or public keys.`, valueHint: "KEY,…" }) as const;
  return { [`add-${role}`]: option("New"), [`remove-${role}`]: option("Leaving") } as Record<
    `add-${R}` | `remove-${R}`,
    ReturnType<typeof option>
  >;
}

async function onlineKeys(args: { snapshot?: string | undefined; timestamp?: string | undefined }) {
  const one = async (option: "snapshot" | "timestamp") => {
    const [key, ...others] = await publicKeysOf(args[option]);
    if (others.length > 0) throw new BulkheadError("USAGE", `--${option} is one key`);
    return key;
  };
  const [snapshotKey, timestampKey] = [await one("snapshot"), await one("timestamp")];
  return { ...(snapshotKey !== undefined && { snapshotKey }), ...(timestampKey !== undefined && { timestampKey }) };
}
