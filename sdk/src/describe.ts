/**
 * A program: prints the interfaces that the modules named as arguments export, as one line of JSON: name, digest, and what
 * is seen on the wire. `bulkhead build` runs it, in a process of its own, to write them down for C, Rust and Erlang.
 */
import { pathToFileURL } from "node:url";
import { type Interface, wireForm } from "./interface.ts";

const found = new Map<string, unknown>();
for (const file of process.argv.slice(2)) {
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  for (const value of Object.values(module)) {
    if (!isInterface(value)) continue;
    found.set(value.name, { digest: value.digest, ...wireForm(value) });
  }
}
process.stdout.write(`${JSON.stringify([...found.values()])}\n`);

function isInterface(value: unknown): value is Interface {
  return typeof value === "object" && value !== null && "digest" in value && "operations" in value && "grant" in value;
}
