/**
 * Passphrases: from a person at the terminal, a file of one's own, or a file descriptor. Never from an argument or the
 * environment, which other processes can read.
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { ReadStream } from "node:tty";
import { BulkheadError } from "@bulkhead/protocol";

/** The options of every command that opens or makes a key. */
export const passphraseOptions = {
  "passphrase-file": {
    type: "string",
    description: "File (0600, your own) with the passphrase, where nobody can be asked.",
    valueHint: "FILE",
  },
  "passphrase-fd": {
    type: "string",
    description: "The same from an open file descriptor.",
    valueHint: "NUMBER",
  },
} as const;

export type PassphraseArguments = {
  "passphrase-file"?: string | undefined;
  "passphrase-fd"?: string | undefined;
};

const leastLength = 8;

/** How the command line answers for a passphrase that exists: the same from a file for all, or a question for each. */
export function passphrases(args: PassphraseArguments): (what: string) => Promise<string> {
  const given = once(() => readGiven(args));
  return async (what) => given() ?? (await ask(`Passphrase for ${what}`))[0] ?? "";
}

/** A passphrase that is being made: asked for twice. Throws USAGE where it is too short, or the two differ. */
export async function newPassphrase(args: PassphraseArguments, what: string): Promise<string> {
  const given = readGiven(args);
  const asked = given === undefined ? await ask(`New passphrase for ${what}`, "The same again") : [given, given];
  const [first = "", again] = asked;
  if (first.length < leastLength) {
    throw new BulkheadError("USAGE", `a passphrase has at least ${leastLength} characters`, {
      remedy: "five or six random words are easy to keep and hard to guess",
    });
  }
  if (again !== first) throw new BulkheadError("USAGE", "the two passphrases are not the same");
  return first;
}

function readGiven(args: PassphraseArguments): string | undefined {
  const { "passphrase-file": file, "passphrase-fd": descriptor } = args;
  if (file !== undefined) return readOwn(file);
  if (descriptor === undefined) return undefined;
  if (!/^\d{1,4}$/.test(descriptor)) throw new BulkheadError("USAGE", `--passphrase-fd ${descriptor} is no descriptor`);
  return readText(Number(descriptor), `descriptor ${descriptor}`);
}

/** Opened once, and that which was opened is looked at. */
function readOwn(file: string): string {
  const descriptor = attempt(file, () => openSync(file, "r"));
  try {
    const { mode, uid } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.()) {
      throw new BulkheadError("USAGE", `${file} is not readable by you alone`, { remedy: `chmod 600 ${file}` });
    }
    return readText(descriptor, file);
  } finally {
    closeSync(descriptor);
  }
}

function readText(descriptor: number, name: string): string {
  const text = attempt(name, () => readFileSync(descriptor, "utf8")).replace(/\r?\n$/, "");
  if (text !== "") return text;
  throw new BulkheadError("USAGE", `${name} holds no passphrase`);
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new BulkheadError("FILE_UNREADABLE", `${name} cannot be read`, { cause });
  }
}

/** Asks at the terminal itself, so that standard input stays free for other things; one answer to each question. */
async function ask(...questions: readonly string[]): Promise<string[]> {
  const input = openTerminal();
  // readline echoes to its output; the terminal itself, in raw mode, does not.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: nowhere, terminal: true });
  // An iterator keeps the lines that come before they are asked for.
  const lines = reader[Symbol.asyncIterator]();
  try {
    const answers: string[] = [];
    for (const question of questions) {
      process.stderr.write(`${question} (it is not shown): `);
      const { value, done } = await lines.next();
      process.stderr.write("\n");
      if (done === true) throw new BulkheadError("USAGE", "no passphrase was given");
      answers.push(value);
    }
    return answers;
  } finally {
    reader.close();
    input.destroy();
  }
}

function openTerminal(): ReadStream {
  try {
    return new ReadStream(openSync("/dev/tty", "r+"));
  } catch (cause) {
    throw new BulkheadError("USAGE", "nobody can be asked for a passphrase here", {
      cause,
      remedy: "give --passphrase-file or --passphrase-fd where no terminal is",
    });
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
