/** Finds the code behind every component of a plan, and holds its channels together before anything is deployed. */
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import type { Plan, Source } from "@bulkhead/protocol/manifest";
import { coreEntry, driverEntry } from "../../locations.ts";
import { ManifestError } from "../manifest-error.ts";
import { checkEnds } from "./check-ends.ts";
import { type Definition, readDefinitions } from "./definitions.ts";
import type { WireInterface } from "./describe.ts";

type Interfaces = () => Promise<readonly WireInterface[]>;

/** Throws a ManifestError with every channel whose ends disagree, BUILD_FAILED where a component's code cannot be loaded. */
export async function checkInterfaces(
  plan: Plan,
  source: Source,
  directory: string,
  interfaces: Interfaces,
): Promise<void> {
  const scripts = scriptsOf(plan, directory);
  const read = await readDefinitions(new Map([...scripts.values()].map(({ key, file }) => [key, file])));
  const definitions = new Map<string, Definition>();
  for (const [name, { key }] of scripts) {
    const definition = read.get(key);
    if (definition === undefined) throw new BulkheadError("INTERNAL", `${key} was not read`);
    definitions.set(name, definition);
  }
  for (const [name, definition] of await nativeDefinitions(plan, interfaces)) definitions.set(name, definition);
  const errors = checkEnds(plan, definitions, source);
  if (errors.length > 0) throw new ManifestError(errors);
}

type Script = { readonly key: string; readonly file: string };

/** Components whose code is JavaScript; of the core servers those that others use. */
function scriptsOf(plan: Plan, directory: string): Map<string, Script> {
  const own = new Set(
    Object.entries(plan.components).flatMap(([name, { image }]) => ("source" in image ? [name] : [])),
  );
  const used = new Set(plan.channels.filter(({ client }) => own.has(client)).map(({ provider }) => provider));
  return new Map(
    Object.entries(plan.components).flatMap(([name, { image, runner }]): [string, Script][] => {
      if ("core" in image) return used.has(name) ? [[name, { key: image.core, file: coreEntry(image.core) }]] : [];
      if (!["node", "bun", "worker"].includes(runner)) return [];
      const { source } = image;
      const driver = source.startsWith("driver:") ? driverEntry(source.slice("driver:".length)) : undefined;
      return [[name, { key: source, file: driver ?? join(directory, source, "main.ts") }]];
    }),
  );
}

/** A component in C, Rust, Erlang or Elixir is compiled against the interfaces that are written down for it: by the names in the manifest. */
async function nativeDefinitions(plan: Plan, interfaces: Interfaces): Promise<Map<string, Definition>> {
  const natives = Object.entries(plan.components).filter(([, { runner }]) => ["native", "beam", "vm"].includes(runner));
  if (natives.length === 0) return new Map();
  const known = new Map((await interfaces()).map((one) => [one.name, one]));
  const end = (name: string) => {
    const { digest = "", operations = {}, streams = {} } = known.get(name) ?? {};
    return { interface: name, digest, operations: [...Object.keys(operations), ...Object.keys(streams)] };
  };
  return new Map(
    natives.flatMap(([name]): [string, Definition][] => {
      const uses = plan.channels.filter(({ client }) => client === name);
      const provides = plan.channels.filter(({ provider }) => provider === name);
      // An interface that is not written down stops the compiler, which says more.
      if ([...uses, ...provides].some((channel) => !known.has(channel.interface))) return [];
      const definition = {
        uses: Object.fromEntries(uses.map((channel) => [channel.name, end(channel.interface)])),
        provides: Object.fromEntries(provides.map((channel) => [channel.service, end(channel.interface)])),
      };
      return [[name, definition]];
    }),
  );
}
