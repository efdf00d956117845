/** `bulkhead keys`: the offline keys of a project, and the root that makes devices trust them. */
import { BulkheadError, key32Schema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption, printResult } from "../cli/output.ts";
import { initRepository, rotateRoot } from "../sign/index.ts";
import { initKeys } from "./key-set.ts";

const init = defineCommand({
  meta: {
    name: "init",
    description:
      "Make three root keys and a targets key. The files are not encrypted in this version: keep them offline.",
  },
  args: {
    directory: { type: "positional", description: "New directory for the keys.", required: true },
    ...jsonOption,
  },
  async run({ args }) {
    const keys = await initKeys(args.directory);
    const text = [
      `${args.directory}: three root keys (two must sign) and a targets key`,
      "  the files are not encrypted: keep them off machines that others reach, each root key on a medium of its own",
    ];
    printResult(args.json, { keys }, text.join("\n"));
  },
});

const root = defineCommand({
  meta: { name: "root", description: "Sign the project's root for a management service, or the next version of it." },
  args: {
    keys: { type: "string", description: "Directory of the offline keys.", valueHint: "DIR", required: true },
    repository: { type: "string", description: "Directory of the TUF repository.", valueHint: "DIR", required: true },
    snapshot: { type: "string", description: "The service's public snapshot key.", valueHint: "KEY", required: true },
    timestamp: { type: "string", description: "The service's public timestamp key.", valueHint: "KEY", required: true },
    next: { type: "boolean", description: "Sign the next version over the one that is there." },
    ...jsonOption,
  },
  async run({ args }) {
    const online = {
      snapshotKey: publicKey("snapshot", args.snapshot),
      timestampKey: publicKey("timestamp", args.timestamp),
    };
    const sign = args.next ? rotateRoot : initRepository;
    const { file, version } = await sign(args.keys, args.repository, online);
    printResult(args.json, { file, version }, `${file}: root version ${version}`);
  },
});

export const command = defineCommand({
  meta: { name: "keys", description: "The offline keys of a project." },
  subCommands: { init, root },
});

function publicKey(option: string, text: string): string {
  if (key32Schema.safeParse(text).success) return text;
  throw new BulkheadError("USAGE", `--${option} is not a public key`, {
    remedy: "the management service shows its keys as 43 characters of base64url",
  });
}
