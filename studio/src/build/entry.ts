/** The entry of a component's bundle: it is generated, so an author writes no start-up code and cannot get it wrong. */
import type { Plugin } from "rolldown";

const entryId = "\0bulkhead-entry";

/** A plugin that makes the entry of the component in `file`, which exports `component`. */
export function componentEntry(file: string): Plugin {
  return entryOf(file, "@bulkhead/sdk", "runComponent");
}

/** The same for a program that replays a record of it. */
export function replayEntry(file: string): Plugin {
  return entryOf(file, "@bulkhead/sdk/replay", "replayProcess");
}

function entryOf(file: string, sdk: string, run: string): Plugin {
  return {
    name: "bulkhead-entry",
    resolveId(source, importer) {
      if (source === entryId) return { id: entryId, moduleSideEffects: true };
      // The SDK is the one that the component itself would import.
      if (importer === entryId && source === sdk) return this.resolve(source, file, { skipSelf: true });
      return null;
    },
    load(id) {
      if (id !== entryId) return null;
      const code = [
        `import { component } from ${JSON.stringify(file)};`,
        `import { ${run} } from "${sdk}";`,
        `void ${run}(component);`,
      ];
      return { code: code.join("\n"), moduleType: "js" };
    },
  };
}

/** The name by which rolldown is told to start at the generated entry. */
export const generatedEntry: string = entryId;
