/** The keys that metadata names: Ed25519 only, none of small order, none counted twice under two names. */
import { BulkheadError, isWeakSigningKey, parseDelegations } from "@bulkhead/protocol";
import { z } from "zod";

const keySchema = z.object({
  keytype: z.literal("ed25519"),
  scheme: z.literal("ed25519"),
  keyval: z.object({ public: z.string().regex(/^[0-9a-f]{64}$/) }),
});
const rootSchema = z.object({
  signed: z.object({ _type: z.literal("root"), keys: z.record(z.string(), keySchema) }),
});

/** Throws KEY_WEAK or RELEASE_METADATA_INVALID for a root that a device must not trust, whoever signed it. */
export function checkRootKeys(rootJson: string): void {
  const keys = parseKeys(rootJson);
  const weak = keys.find((hex) => isWeakSigningKey(Buffer.from(hex, "hex").toString("base64url")));
  if (weak !== undefined) {
    throw new BulkheadError("KEY_WEAK", `the root names the key ${weak}, which is of small order`, {
      remedy: "sign a root without it; such a key accepts forged signatures",
    });
  }
  if (new Set(keys).size !== keys.length) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", "the root names one key twice, so its thresholds mean nothing");
  }
}

/** Throws RELEASE_METADATA_INVALID for targets that pass something on in a way that a device must not follow. */
export function checkDelegations(targetsJson: string): void {
  try {
    parseDelegations(JSON.parse(targetsJson).signed.delegations);
  } catch (cause) {
    const why = cause instanceof z.ZodError ? "they have another form" : cause instanceof Error ? cause.message : "";
    throw new BulkheadError(
      "RELEASE_METADATA_INVALID",
      `the delegations of the targets are not valid: ${why}`.slice(0, 300),
      {
        cause,
        remedy: "make them with `bulkhead keys overlay` and `bulkhead keys operators`",
      },
    );
  }
}

function parseKeys(rootJson: string): string[] {
  try {
    return Object.values(rootSchema.parse(JSON.parse(rootJson)).signed.keys).map(({ keyval }) => keyval.public);
  } catch (cause) {
    throw new BulkheadError("RELEASE_METADATA_INVALID", "the root is not TUF metadata with Ed25519 keys", { cause });
  }
}
