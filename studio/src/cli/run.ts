/** Finds the command that the arguments mean, runs it, and turns how it ended into an exit code: 0, 1 refused, 2 misused, 130 interrupted. */

import { BulkheadError, type ErrorReport, formatError, reportError } from "@bulkhead/protocol";
import { suggest } from "@bulkhead/protocol/manifest";
import { type ArgsDef, parseArgs, runCommand } from "citty";
import { Interruption } from "./interruption.ts";
import { type Command, findCommand, helpOf, resolved } from "./tree.ts";

/** Runs `bulkhead` with `args`. Never throws; the answer is the exit code. */
export async function runCommandLine(root: Command, args: readonly string[]): Promise<number> {
  try {
    const found = await findCommand(root, args);
    const { command, rest } = found;
    if (rest.includes("--help") || rest.includes("-h") || (command.subCommands && rest.length === 0)) {
      process.stdout.write(`${await helpOf(found, process.stdout.isTTY === true)}\n`);
      return rest.length > 0 ? 0 : 2;
    }
    await checkArguments(command, rest);
    const { result } = await runCommand(command, { rawArgs: [...rest] });
    if (typeof result === "number") return result;
    return result === false ? 1 : 0;
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode;
    return report(error, args.includes("--json"));
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
