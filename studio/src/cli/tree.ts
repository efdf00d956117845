/** The tree of commands: finding one, and the help that it prints. */
import { stripVTControlCharacters } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";
import { suggest } from "@bulkhead/protocol/manifest";
import { type ArgsDef, type CommandDef, renderUsage } from "citty";

// Commands differ in their arguments and are kept in one table, for which citty's own type is CommandDef<any>.
export type Command = CommandDef<ArgsDef>;
/** `path` is what a person types for it; `rest` are its arguments. */
export type Found = { command: Command; path: readonly string[]; rest: readonly string[] };

/** The command that `args` mean. Throws USAGE where there is none of that name. */
export async function findCommand(root: Command, args: readonly string[]): Promise<Found> {
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
    found = { command: (await resolved(entry)) as Command, path: [...found.path, name], rest: found.rest.slice(1) };
  }
}

/** What `--help` prints; `colours` for a terminal. */
export async function helpOf({ command, path }: Found, colours: boolean): Promise<string> {
  const parent = path.slice(0, -1).join(" ");
  const usage = await renderUsage(command, parent === "" ? undefined : { meta: { name: parent } });
  return colours ? usage : stripVTControlCharacters(usage).replaceAll(/ +$/gm, "");
}

/** The paths of all commands below a command, groups included: `["device", "ls"]`. */
export async function commandPaths(command: Command): Promise<string[][]> {
  const table = Object.entries((await resolved(command.subCommands)) ?? {});
  const below = table.map(async ([name, entry]) => {
    const paths = await commandPaths((await resolved(entry)) as Command);
    return [[name], ...paths.map((path) => [name, ...path])];
  });
  return (await Promise.all(below)).flat();
}

/** citty lets every part be a value, a promise, or a function of one. */
export async function resolved<T>(
  value: T | Promise<T> | (() => T) | (() => Promise<T>) | undefined,
): Promise<T | undefined> {
  return typeof value === "function" ? await (value as () => T | Promise<T>)() : await value;
}
