/** `bulkhead device secret`: the value comes by standard input or from a person, never as an argument, which others can see. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { execa } from "execa";
import { serverOption } from "../api/server-option.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";
import { readSecret } from "../cli/secret.ts";
import { deviceArgument } from "./device-argument.ts";
import { findLocalDevice } from "./local-device.ts";

export const secret = defineCommand({
  meta: {
    name: "secret",
    description:
      "Give a device on this machine a secret, from standard input or as it is typed, for its key store to keep.",
  },
  args: {
    ...deviceArgument,
    secret: { type: "positional", description: "Name of the secret, as manifest and board have it.", required: true },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    if (!nameSchema.safeParse(args.secret).success) {
      throw new BulkheadError("USAGE", "this is not the name of a secret", { remedy: "small letters, digits and -" });
    }
    const { dataDir, platformDir, config } = await findLocalDevice(args.name, args.device);
    const value = await readSecret(args.secret);
    await keep({ keys: join(dataDir, "keys"), sealing: join(dataDir, "sealing") }, platformDir, {
      [args.secret]: value,
    });
    const next = `the key store knows it from its next start: bulkhead device restart ${args.device} key-store`;
    printResult(args.json, { secret: args.secret, config }, `${args.secret} is kept by ${args.device}; ${next}`);
  },
});

type Places = { readonly keys: string; readonly sealing: string };

/** By the key store's own program and under its uid: what lies in its directory is its word. */
async function keep({ keys, sealing }: Places, platformDir: string, secrets: Record<string, string>): Promise<void> {
  const { uid, gid } = await stat(keys);
  const drop =
    uid === process.getuid?.() ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${gid}`, "--clear-groups", "--"];
  const program = join(platformDir, "key-store-init.js");
  const [first = process.execPath, ...rest] = [...drop, process.execPath, program, keys, sealing, "--secrets"];
  const { failed, stderr } = await execa(first, rest, {
    input: JSON.stringify(secrets),
    reject: false,
    env: {},
    extendEnv: false,
  });
  if (!failed) return;
  throw new BulkheadError("ENVIRONMENT_INVALID", `the key store does not keep it: ${printable(stderr.slice(0, 500))}`, {
    remedy: "say this as the user that started the device",
  });
}
