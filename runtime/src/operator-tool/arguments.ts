/** What the operator wants, from the command line. */
import { parseArgs } from "node:util";
import { BulkheadError, nameSchema } from "@bulkhead/protocol";

export const usage = `operator --config FILE attach COMPONENT --inspector [--listen PORT|SOCKET]
operator --config FILE attach COMPONENT --gdb [-- ARGUMENTS OF GDB]
operator --config FILE record COMPONENT --out FILE [--max BYTES] [--for SECONDS]
operator --config FILE import FILE [--json]
`;

/** `rest`: arguments for gdb. */
export type Wish =
  | ({ readonly config: string; readonly component: string } & ComponentWish)
  | { readonly config: string; readonly kind: "import"; readonly file: string; readonly json: boolean };

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
} as const;

/** Throws USAGE. */
export function readWish(argv: readonly string[]): Wish {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end + 1);
  const { values, positionals } = parse(own);
  const [verb, component = "", ...more] = positionals;
  if (more.length > 0) throw misuse(`${more[0]} is one argument too many`);
  if (verb === "import") return { ...fileOf(component), config: configOf(values.config), json: values.json };
  if (!nameSchema.safeParse(component).success) throw misuse(`"${component}" is not the name of a component`);
  const common = { config: configOf(values.config), component };
  if (verb === "record") {
    if (values.out === undefined) throw misuse("--out is missing: where the record goes");
    const [maxBytes, seconds] = [amount("max", values.max), amount("for", values.for)];
    return { ...common, kind: "record", out: values.out, maxBytes, forMs: seconds === null ? null : seconds * 1000 };
  }
  if (verb !== "attach") throw misuse(`there is no "${verb ?? ""}"`);
  if (values.inspector === values.gdb) throw misuse("say either --inspector or --gdb");
  return values.gdb ? { ...common, kind: "gdb", rest } : { ...common, kind: "inspector", listen: place(values.listen) };
}

function fileOf(file: string) {
  if (file !== "") return { kind: "import" as const, file };
  throw misuse("which file?");
}

function configOf(path: string | undefined): string {
  if (path !== undefined) return path;
  throw misuse("--config is missing: the root server's configuration file");
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
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
function place(text: string): number | string {
  if (text.startsWith("/")) return text;
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_536) return port;
  throw misuse(`--listen ${text} is neither a port nor an absolute path`);
}

const misuse = (message: string) => new BulkheadError("USAGE", message);
