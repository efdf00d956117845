/** `bulkhead keys`: the offline keys of a project, and whom they pass something on to. */
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { jsonOption, printResult } from "../cli/output.ts";
import { newPassphrase, passphraseOptions, passphrases } from "../cli/passphrase.ts";
import { changePassphrase } from "./change-passphrase.ts";
import { operators, overlay } from "./delegate-commands.ts";
import { createKeyFile, type KeyRole, keyRoles, type Protection, readKeyFile, writeKeyFile } from "./key-file.ts";
import { initKeys } from "./key-set.ts";
import { countOf } from "./public-keys.ts";
import { status } from "./status-command.ts";
import { makeTokenKey } from "./token.ts";

const development = {
  type: "boolean",
  description: "Not encrypted, and marked as no keys for devices outside.",
} as const;

const init = defineCommand({
  meta: {
    name: "init",
    description: "Make the keys of a new project: three root keys and the targets keys, encrypted.",
  },
  args: {
    directory: { type: "positional", description: "New directory for the keys.", required: true },
    "targets-keys": { type: "string", description: "Number of targets keys.", valueHint: "NUMBER", default: "1" },
    development,
    ...passphraseOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const count = countOf("targets-keys", args["targets-keys"]) ?? 1;
    const protection = await protectionOf(args, `the keys in ${args.directory}`);
    const keys = await initKeys(args.directory, protection, count);
    const text = [
      `${args.directory}: three root keys (two must sign), ${count === 1 ? "a targets key" : `${count} targets keys`}`,
      protection === "development"
        ? "  DEVELOPMENT KEYS, not encrypted: no device outside is to trust them"
        : "  all under one passphrase: give each root key a medium and, by bulkhead keys passphrase, a passphrase of its own",
    ];
    printResult(args.json, { keys }, text.join("\n"));
  },
});

const make = defineCommand({
  meta: {
    name: "new",
    description: "Make one key: an encrypted file, or a key in a token and a file that says where it is.",
  },
  args: {
    file: { type: "positional", description: "New file for the key.", required: true },
    role: { type: "string", description: keyRoles.join(", "), valueHint: "ROLE", required: true },
    "token-module": { type: "string", description: "The token's PKCS #11 library.", valueHint: "FILE" },
    token: { type: "string", description: "Label of the token.", valueHint: "LABEL" },
    "token-key": { type: "string", description: "Label of the new key in the token.", valueHint: "LABEL" },
    development,
    ...passphraseOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const role = roleOf(args.role);
    const { "token-module": module, token, "token-key": key } = args;
    const place = [module, token, key].filter((part) => part !== undefined);
    if (place.length !== 0 && role === "deployment") {
      throw new BulkheadError("USAGE", "the key of a deployment goes to its devices, so it is in no token");
    }
    if (place.length !== 0 && place.length !== 3) {
      throw new BulkheadError("USAGE", "a token's key takes --token-module, --token and --token-key");
    }
    const made =
      module !== undefined && token !== undefined && key !== undefined
        ? await makeInToken(args.file, role, { module, token, key }, passphrases(args))
        : await createKeyFile(args.file, role, await protectionOf(args, args.file));
    printResult(args.json, { role, publicKey: made.publicKey }, `${args.file}: ${role} key ${made.publicKey}`);
  },
});

const publicHalf = defineCommand({
  meta: {
    name: "public",
    description: "Print the public half of a key, or write it to a file that can be given away.",
  },
  args: {
    file: { type: "positional", description: "The key.", required: true },
    out: { type: "string", alias: "o", description: "New file for the public half.", valueHint: "FILE" },
    ...jsonOption,
  },
  async run({ args }) {
    const { role, publicKey } = await readKeyFile(args.file);
    if (args.out !== undefined) await writeKeyFile({ file: args.out, role, publicKey, kept: { as: "elsewhere" } });
    printResult(args.json, { role, publicKey }, publicKey);
  },
});

const passphrase = defineCommand({
  meta: {
    name: "passphrase",
    description: "Give a key another passphrase; a key of the first version, which was in the clear, its first one.",
  },
  args: {
    file: { type: "positional", description: "The key.", required: true },
    "new-passphrase-file": { type: "string", description: "File (0600) with the new one.", valueHint: "FILE" },
    ...passphraseOptions,
    ...jsonOption,
  },
  async run({ args }) {
    const next = async () => ({
      passphrase: await newPassphrase({ "passphrase-file": args["new-passphrase-file"] }, args.file),
    });
    const { publicKey } = await changePassphrase(args.file, passphrases(args), next);
    printResult(args.json, { publicKey }, `${args.file}: has another passphrase`);
  },
});

export const command = defineCommand({
  meta: { name: "keys", description: "The offline keys of a project." },
  subCommands: { init, new: make, public: publicHalf, passphrase, overlay, operators, status },
});

async function protectionOf(
  args: { development?: boolean | undefined } & Parameters<typeof newPassphrase>[0],
  what: string,
): Promise<Protection> {
  return args.development === true ? "development" : { passphrase: await newPassphrase(args, what) };
}

async function makeInToken(
  file: string,
  role: KeyRole,
  place: { module: string; token: string; key: string },
  pins: (what: string) => Promise<string>,
) {
  const publicKey = await makeTokenKey(place, await pins(`the PIN of the token ${place.token}`));
  return writeKeyFile({ file, role, publicKey, kept: { as: "token", ...place } });
}

function roleOf(text: string): KeyRole {
  const role = keyRoles.find((one) => one === text);
  if (role !== undefined) return role;
  throw new BulkheadError("USAGE", `there are no keys for ${text}`, { remedy: keyRoles.join(", ") });
}
