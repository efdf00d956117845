/**
 * An interface: what may cross a channel, written once. Types, validators at both ends, the digest that both ends
 * compare, and the limits that the provider's stub enforces all come from it.
 */
import { digestOfText } from "@bulkhead/protocol";
import { strictObject } from "zod/mini";
import { type output, toJSONSchema } from "zod/v4/core";
import type { AnySchema } from "./schema.ts";

const noGrant = strictObject({});

export type Operation = {
  readonly arguments: AnySchema;
  readonly result: AnySchema;
  /** The client's stub may repeat the call when the provider restarted before it answered. */
  readonly idempotent: boolean;
};

/** Items one after the other, as fast as the reader takes them and no faster. */
export type StreamDefinition = {
  /** What the client says when it opens the stream. */
  readonly arguments: AnySchema;
  readonly item: AnySchema;
  readonly direction: "from-provider" | "from-client";
};

type Definition<O, N, G extends AnySchema, S> = {
  readonly name: string;
  readonly operations: O;
  /** Provider → client, one way; may be lost when the client is slow, never reordered. */
  readonly notifications: N;
  /** The client opens them by their name, so no operation may have the same. */
  readonly streams: S;
  readonly grant: G;
  /** Says why `grant` does not allow a call or a stream, or undefined where it does. Runs in the provider's stub before its handler. */
  readonly refuse?: (grant: output<G>, operation: (keyof O | keyof S) & string, args: unknown) => string | undefined;
};

export type Interface<
  O extends Record<string, Operation> = Record<string, Operation>,
  N extends Record<string, AnySchema> = Record<string, AnySchema>,
  G extends AnySchema = AnySchema,
  S extends Record<string, StreamDefinition> = Record<string, StreamDefinition>,
> = Definition<O, N, G, S> & { readonly digest: string };

/**
 * Defines an interface. The digest is the SHA-256 of its name, operations, notifications and streams as JSON Schema, so two
 * builds agree exactly when their wire forms do. It is made when it is first asked for, by the first hello.
 *
 * @example
 * const lamp = defineInterface({
 *   name: "lamp",
 *   operations: { set: { arguments: z.strictObject({ on: z.boolean() }), result: z.null(), idempotent: true } },
 * });
 */
export function defineInterface<
  const O extends Record<string, Operation>,
  const N extends Record<string, AnySchema> = Record<never, never>,
  G extends AnySchema = typeof noGrant,
  const S extends Record<string, StreamDefinition> = Record<never, never>,
>(
  definition: Omit<Definition<O, N, G, S>, "notifications" | "grant" | "streams"> & {
    readonly notifications?: N;
    readonly grant?: G;
    readonly streams?: S;
  },
): Interface<O, N, G, S> {
  const notifications = definition.notifications ?? ({} as N);
  const streams = definition.streams ?? ({} as S);
  refuseSharedNames(definition.name, definition.operations, streams);
  const grant = definition.grant ?? (noGrant as unknown as G);
  let digest: string | undefined;
  return {
    ...definition,
    ...{ notifications, streams, grant },
    get digest() {
      digest ??= digestOf({ name: definition.name, operations: definition.operations, notifications, streams });
      return digest;
    },
  };
}

function digestOf(wire: Parameters<typeof wireForm>[0]): string {
  return digestOfText(JSON.stringify(sorted(wireForm(wire))));
}

/** What of an interface is seen on the wire, as JSON Schema: what its digest is of, and what other languages are made from. */
export function wireForm({
  name,
  operations,
  notifications,
  streams,
}: Pick<Interface, "name" | "operations" | "notifications" | "streams">) {
  return {
    name,
    operations: Object.fromEntries(
      Object.entries(operations).map(([operation, o]) => [
        operation,
        { arguments: jsonSchema(o.arguments), result: jsonSchema(o.result), idempotent: o.idempotent },
      ]),
    ),
    notifications: Object.fromEntries(Object.entries(notifications).map(([key, n]) => [key, jsonSchema(n)])),
    // Left out where there are none: an interface without streams is what it was before there were any.
    ...(Object.keys(streams).length > 0 && { streams: streamsWire(streams) }),
  };
}

function streamsWire(streams: Readonly<Record<string, StreamDefinition>>): unknown {
  return Object.fromEntries(
    Object.entries(streams).map(([name, stream]) => [
      name,
      { arguments: jsonSchema(stream.arguments), item: jsonSchema(stream.item), direction: stream.direction },
    ]),
  );
}

/** A client has one method per name; `channel` is a property of every client. */
function refuseSharedNames(iface: string, operations: object, streams: object): void {
  const taken = Object.keys(streams).find((name) => Object.hasOwn(operations, name));
  if (taken !== undefined) throw new TypeError(`${iface}: ${taken} is the name of an operation and of a stream`);
  if (Object.hasOwn(operations, "channel") || Object.hasOwn(streams, "channel")) {
    throw new TypeError(`${iface}: \`channel\` is a property of every client and no name for an operation or stream`);
  }
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

function jsonSchema(schema: AnySchema): unknown {
  return toJSONSchema(schema, { unrepresentable: "any" });
}
