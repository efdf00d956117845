/**
 * What the targets keys of a project pass on to others, as the studio writes it and the device's verifier reads it: TUF
 * delegations (1.0.34, section 4.5) of two kinds, and of no other form.
 */
import { z } from "zod";
import { isWeakSigningKey } from "./crypto.ts";
import { digestSchema, nameSchema } from "./names.ts";

/** The delegation's name in the metadata, and the only path that it is for. */
export function delegationName(to: "operators" | { readonly deployment: string }): { name: string; path: string } {
  if (to === "operators") return { name: "operators", path: "commands/*" };
  const deployment = nameSchema.parse(to.deployment);
  return { name: `overlays-${deployment}`, path: `overlays/${deployment}/*` };
}

const keySchema = z.object({
  keytype: z.literal("ed25519"),
  scheme: z.literal("ed25519"),
  keyval: z.object({ public: z.string().regex(/^[0-9a-f]{64}$/) }),
});
const roleSchema = z.object({
  name: z.string(),
  keyids: z.array(digestSchema).min(1),
  threshold: z.number().int().positive(),
  terminating: z.literal(true),
  paths: z.array(z.string()).length(1),
});
const delegationsSchema = z.strictObject({ keys: z.record(digestSchema, keySchema), roles: z.array(roleSchema) });

export type Delegation = {
  /** `operators`, `overlays-<deployment>`. */
  readonly name: string;
  readonly path: string;
  readonly threshold: number;
  /** Public keys as base64url; all different, none of small order. */
  readonly keys: readonly string[];
};

/** The delegations in the `delegations` of targets (undefined: none). Throws an Error that says what is not as it should be. */
export function parseDelegations(delegations: unknown): Delegation[] {
  if (delegations === undefined) return [];
  const { keys, roles } = delegationsSchema.parse(delegations);
  const read = roles.map(({ name, keyids, threshold, paths: [path = ""] }): Delegation => {
    const named = keyids.map((id) => Buffer.from(keys[id]?.keyval.public ?? "", "hex").toString("base64url"));
    const weak = named.find(isWeakSigningKey);
    if (weak !== undefined) throw new Error(`the delegation ${name} names no key, or one of small order: ${weak}`);
    if (new Set(named).size !== named.length) throw new Error(`the delegation ${name} names one key twice`);
    if (threshold > named.length) throw new Error(`the delegation ${name} asks for more keys than it names`);
    return { name, path, threshold, keys: named };
  });
  for (const { name, path } of read) checkName(name, path);
  if (new Set(roles.map(({ name }) => name)).size === roles.length) return read;
  throw new Error("a delegation is there twice");
}

function checkName(name: string, path: string): void {
  const deployment = /^overlays-(.+)$/.exec(name)?.[1];
  const known = nameSchema.safeParse(deployment);
  const expected =
    name === "operators"
      ? delegationName("operators")
      : known.success
        ? delegationName({ deployment: known.data })
        : undefined;
  if (expected?.path !== path) throw new Error(`the delegation ${name} is for ${path}, which no device expects`);
}
