/** Interfaces as an Erlang module: names, digests and operations; values are terms, and pattern matching is their reader. */
import type { WireInterface } from "./describe.ts";

/** The text of `bulkhead_interfaces.erl`. */
export function erlangModule(interfaces: readonly WireInterface[]): string {
  return [
    "%% Made by `bulkhead build` from the TypeScript definitions: change those.",
    "-module(bulkhead_interfaces).",
    "-export([get/1]).",
    `${interfaces.map(clause).join(";\n")}.`,
    "",
  ].join("\n");
}

function clause({ name, digest, operations, streams }: WireInterface): string {
  const rows = Object.entries(operations).map(
    ([operation, { idempotent }]) => `<<"${operation}">> => #{idempotent => ${idempotent}}`,
  );
  const flows = Object.entries(streams).map(([stream, { direction }]) => `<<"${stream}">> => '${direction}'`);
  return `get(<<"${name}">>) -> #{name => <<"${name}">>, digest => <<"${digest}">>, operations => #{${rows.join(", ")}}, streams => #{${flows.join(", ")}}}`;
}
