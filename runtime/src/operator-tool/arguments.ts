/** What the operator wants, from the command line. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BulkheadError, digestSchema, nameSchema } from "@bulkhead/protocol";

export const usage = `operator --config FILE attach COMPONENT --inspector [--listen PORT|SOCKET]
operator --config FILE attach COMPONENT --gdb [-- ARGUMENTS OF GDB]
operator --config FILE record COMPONENT --out FILE [--max BYTES] [--for SECONDS]
operator --config FILE import FILE [--digest DIGEST] [--json]

--outside ROOT --directory DIR   where who asks is in another root: files and sockets that are named are below ROOT, in its DIR
`;

/** `rest`: arguments for gdb. */
export type Wish =
  | ({ readonly config: string; readonly component: string } & ComponentWish)
  | {
      readonly config: string;
      readonly kind: "import";
      readonly file: string;
      readonly json: boolean;
      /** Of the release that is meant; null: whatever the agent says that the file has. */
      readonly digest: string | null;
    };

type ComponentWish =
  | { readonly kind: "inspector"; readonly listen: number | string }
  | { readonly kind: "gdb"; readonly rest: readonly string[] }
  | { readonly kind: "record"; readonly out: string; readonly maxBytes: number | null; readonly forMs: number | null };

const options = {
  config: { type: "string" },
  inspector: { type: "boolean", default: false },
  gdb: { type: "boolean", default: false },
  listen: { type: "string", default: "9229" },
  out: { type: "string" },
  max: { type: "string" },
  for: { type: "string" },
  json: { type: "boolean", default: false },
  digest: { type: "string" },
  outside: { type: "string", default: "" },
  directory: { type: "string", default: "/" },
} as const;

/** What each verb takes: an option that would do nothing was meant to do something. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  attach: ["inspector", "gdb", "listen"],
  record: ["out", "max", "for"],
  import: ["json", "digest"],
};
const optionsOfAll = ["config", "outside", "directory"];

/** Where a path that a person gave is for us. */
type Locate = (path: string) => string;

/** Throws USAGE. */
export function readWish(argv: readonly string[]): Wish {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end + 1);
  const { values, positionals, tokens } = parse(own);
  const [verb = "", component = "", ...more] = positionals;
  const given = tokens.flatMap((token) => (token.kind === "option" ? [token.name] : []));
  if (!Object.hasOwn(optionsOf, verb)) throw misuse(`there is no "${verb}"`);
  const stray = given.find((name) => ![...optionsOfAll, ...(optionsOf[verb] ?? [])].includes(name));
  if (stray !== undefined) throw misuse(`${verb} has no --${stray}`);
  if (more.length > 0) throw misuse(`${more[0]} is one argument too many`);
  const locate = locateIn(values);
  if (verb === "import") {
    const asked = { config: configOf(values.config), json: values.json, digest: digestOf(values.digest) };
    return { ...fileOf(component, locate), ...asked };
  }
  if (!nameSchema.safeParse(component).success) throw misuse(`"${component}" is not the name of a component`);
  const common = { config: configOf(values.config), component };
  if (verb === "record") {
    if (values.out === undefined) throw misuse("--out is missing: where the record goes");
    const [maxBytes, seconds] = [amount("max", values.max), amount("for", values.for)];
    return {
      ...common,
      kind: "record",
      out: locate(values.out),
      maxBytes,
      forMs: seconds === null ? null : seconds * 1000,
    };
  }
  if (values.inspector === values.gdb) throw misuse("say either --inspector or --gdb");
  if (values.gdb) return { ...common, kind: "gdb", rest };
  return { ...common, kind: "inspector", listen: place(values.listen, locate) };
}

function locateIn({ outside, directory }: { outside: string; directory: string }): Locate {
  return outside === "" ? (path) => path : (path) => join(outside, resolve(directory, path));
}

function fileOf(file: string, locate: Locate) {
  if (file !== "") return { kind: "import" as const, file: locate(file) };
  throw misuse("which file?");
}

function digestOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  const digest = digestSchema.safeParse(text.toLowerCase());
  if (digest.success) return digest.data;
  throw misuse("--digest takes the 64 hexadecimal digits that `bulkhead export` printed");
}

function configOf(path: string | undefined): string {
  if (path !== undefined) return path;
  throw misuse("--config is missing: the root server's configuration file");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true, tokens: true });
  } catch (cause) {
    throw misuse(cause instanceof Error ? cause.message : String(cause));
  }
}

function amount(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw misuse(`--${name} ${text} is not a whole number above 0`);
}

/** A port of this host's loopback (0: any that is free), or the path of a socket to be made. */
function place(text: string, locate: Locate): number | string {
  if (text.startsWith("/")) return locate(text);
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw misuse(`--listen ${text} is neither a port nor an absolute path`);
}

const misuse = (message: string) => new BulkheadError("USAGE", message);
