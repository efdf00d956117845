/** Reads what nobody else is to see: from standard input as it comes, or from a person at the terminal, without showing it. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { BulkheadError } from "@bulkhead/protocol";

/** Without the line end that an editor, or `echo`, puts behind it. Throws USAGE where there is nothing. */
export async function readSecret(name: string): Promise<string> {
  const value = process.stdin.isTTY ? await ask(name) : (await text(process.stdin)).replace(/\r?\n$/, "");
  if (value !== "") return value;
  throw new BulkheadError("USAGE", "there is no secret on standard input", { remedy: "an empty one is none" });
}

async function ask(name: string): Promise<string> {
  // readline echoes to its output; the terminal itself, in raw mode, does not.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(`${name} (it is not shown): `);
  try {
    return await terminal.question("");
  } finally {
    terminal.close();
    process.stderr.write("\n");
  }
}
