/** Finds the command that the arguments mean, runs it, and turns how it ended into an exit code: 0, 1 refused, 2 misused, 130 interrupted. */

import { stripVTControlCharacters } from "node:util";
import { BulkheadError, type ErrorReport, formatError, reportError } from "@bulkhead/protocol";
import { suggest } from "@bulkhead/protocol/manifest";
import { type ArgsDef, type CommandDef, parseArgs, renderUsage, runCommand } from "citty";

// Commands differ in their arguments and are kept in one table, for which citty's own type is CommandDef<any>.
type Command = CommandDef<ArgsDef>;
type Found = { command: Command; path: readonly string[]; rest: readonly string[] };

/** Runs `bulkhead` with `args`. Never throws; the answer is the exit code. */
export async function runCommandLine(root: Command, args: readonly string[]): Promise<number> {
  try {
    const { command, path, rest } = await findCommand(root, args);
    if (rest.includes("--help") || rest.includes("-h") || (command.subCommands && rest.length === 0)) {
      const parent = path.slice(0, -1).join(" ");
      const usage = await renderUsage(command, parent === "" ? undefined : { meta: { name: parent } });
      const text = process.stdout.isTTY ? usage : stripVTControlCharacters(usage).replaceAll(/ +$/gm, "");
      process.stdout.write(`${text}\n`);
      return rest.length > 0 ? 0 : 2;
    }
    await checkArguments(command, rest);
    const { result } = await runCommand(command, { rawArgs: [...rest] });
    if (typeof result === "number") return result;
    return result === false ? 1 : 0;
  } catch (error) {
    return report(error, args.includes("--json"));
  }
}

async function findCommand(root: Command, args: readonly string[]): Promise<Found> {
  let found: Found = { command: root, path: ["bulkhead"], rest: args };
  for (;;) {
    const table = await resolved(found.command.subCommands);
    const [name] = found.rest;
    if (table === undefined || name === undefined || name.startsWith("-")) return found;
    const entry = Object.hasOwn(table, name) ? table[name] : undefined;
    if (entry === undefined) {
      const remedy = suggest(name, Object.keys(table)) ?? "bulkhead --help lists what there is";
      throw new BulkheadError("USAGE", `there is no command \`${name}\``, { remedy });
    }
    found = {
      command: (await resolved(entry)) as Command,
      path: [...found.path, name],
      rest: found.rest.slice(1),
    };
  }
}

// citty passes over what it does not know; a misspelt option must not be silently without effect.
async function checkArguments(command: Command, rest: readonly string[]): Promise<void> {
  const known = (await resolved(command.args)) ?? {};
  checkOptions(known, rest);
  const positionals = Object.values(known).filter(({ type }) => type === "positional").length;
  const surplus = parseArgs([...rest], known)._[positionals];
  if (surplus === undefined) return;
  throw new BulkheadError("USAGE", `\`${surplus}\` is one argument too many`, { remedy: "--help shows the arguments" });
}

function checkOptions(known: ArgsDef, rest: readonly string[]): void {
  const options = Object.entries(known).flatMap(([name, { type }]) => (type === "positional" ? [] : [name]));
  for (const argument of rest) {
    const name = /^--(?:no-)?([^=]+)/.exec(argument)?.[1];
    if (argument === "--") return;
    if (name === undefined || options.includes(name)) continue;
    throw new BulkheadError("USAGE", `there is no option \`--${name}\``, {
      remedy:
        suggest(
          `--${name}`,
          options.map((option) => `--${option}`),
        ) ?? "--help lists what there is",
    });
  }
}

async function resolved<T>(value: T | Promise<T> | (() => T) | (() => Promise<T>) | undefined): Promise<T | undefined> {
  return typeof value === "function" ? await (value as () => T | Promise<T>)() : await value;
}

function report(error: unknown, asJson: boolean): number {
  // citty's own errors are about arguments; their class is not exported.
  const misused = error instanceof Error && error.name === "CLIError";
  const first = reportError(error, misused ? "USAGE" : "INTERNAL");
  const errors = errorsOf(error) ?? [first];
  if (asJson) process.stdout.write(`${JSON.stringify({ ok: false, errors })}\n`);
  else for (const each of errors) process.stderr.write(`${formatError(each)}\n`);
  if (error instanceof Error && !(error instanceof BulkheadError) && first.code === "INTERNAL")
    process.stderr.write(`${error.stack}\n`);
  return first.code === "USAGE" ? 2 : 1;
}

// A refused manifest carries all of its errors.
function errorsOf(error: unknown): readonly ErrorReport[] | undefined {
  return error instanceof Error && "errors" in error ? (error.errors as readonly ErrorReport[]) : undefined;
}
