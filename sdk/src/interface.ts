/**
 * An interface: what may cross a channel, written once. Types, validators at both ends, the digest that both ends
 * compare, and the limits that the provider's stub enforces all come from it.
 */
import { emptyGrant, sha256 } from "@bulkhead/protocol";
import { z } from "zod";

export type Operation = {
  readonly arguments: z.ZodType;
  readonly result: z.ZodType;
  /** The client's stub may repeat the call when the provider restarted before it answered. */
  readonly idempotent: boolean;
};

type Definition<O, N, G extends z.ZodType> = {
  readonly name: string;
  readonly operations: O;
  /** Provider → client, one way; may be lost when the client is slow, never reordered. */
  readonly notifications: N;
  readonly grant: G;
  /** Says why `grant` does not allow a call, or undefined where it does. Runs in the provider's stub before its handler. */
  readonly refuse?: (grant: z.infer<G>, operation: keyof O & string, args: unknown) => string | undefined;
};

export type Interface<
  O extends Record<string, Operation> = Record<string, Operation>,
  N extends Record<string, z.ZodType> = Record<string, z.ZodType>,
  G extends z.ZodType = z.ZodType,
> = Definition<O, N, G> & { readonly digest: string };

/**
 * Defines an interface. The digest is the SHA-256 of its name, operations and notifications as JSON Schema, so two
 * builds agree exactly when their wire forms do.
 *
 * @example
 * const lamp = defineInterface({
 *   name: "lamp",
 *   operations: { set: { arguments: z.strictObject({ on: z.boolean() }), result: z.null(), idempotent: true } },
 * });
 */
export function defineInterface<
  const O extends Record<string, Operation>,
  const N extends Record<string, z.ZodType> = Record<never, never>,
  G extends z.ZodType = typeof emptyGrant,
>(
  definition: Omit<Definition<O, N, G>, "notifications" | "grant"> & { readonly notifications?: N; readonly grant?: G },
): Interface<O, N, G> {
  const notifications = definition.notifications ?? ({} as N);
  const grant = definition.grant ?? (emptyGrant as unknown as G);
  const wire = {
    name: definition.name,
    operations: Object.fromEntries(
      Object.entries(definition.operations).map(([name, o]) => [
        name,
        { arguments: jsonSchema(o.arguments), result: jsonSchema(o.result), idempotent: o.idempotent },
      ]),
    ),
    notifications: Object.fromEntries(Object.entries(notifications).map(([name, n]) => [name, jsonSchema(n)])),
  };
  return { ...definition, notifications, grant, digest: sha256(JSON.stringify(sorted(wire))) };
}

// JSON Schema may hold fractions (multipleOf), which canonical JSON refuses; sorting by way of it is not needed then.
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

function jsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { unrepresentable: "any" });
}
