/** `bulkhead replay`: a recorded life of a component, lived again by what stands in a folder. Exit code as diff has it. */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { integerOption } from "../cli/numbers.ts";
import { jsonOption, printResult, withProgress } from "../cli/output.ts";
import { formatReplay } from "./format.ts";
import { runReplay } from "./run-replay.ts";

export const command = defineCommand({
  meta: {
    name: "replay",
    description: "Give a component what a record holds, and compare what it does; 1 and the first difference if any.",
  },
  args: {
    record: { type: "positional", description: "The record of a component.", required: true },
    component: { type: "string", description: "The folder of its main.ts.", required: true, valueHint: "FOLDER" },
    timeout: { type: "string", description: "Seconds that it may take.", default: "60", valueHint: "SECONDS" },
    ...jsonOption,
  },
  async run({ args }) {
    const timeoutMs = 1000 * integerOption("timeout", args.timeout, 1, 86_400);
    const record = resolve(args.record);
    if (!existsSync(record)) throw new BulkheadError("FILE_UNREADABLE", `there is no file ${args.record}`);
    const replayed = await withProgress("Replaying", () => runReplay(entryOf(args.component), record, timeoutMs));
    printResult(args.json, { identical: replayed.difference === null, ...replayed }, formatReplay(replayed));
    return replayed.difference === null ? 0 : 1;
  },
});

/** The file that exports `component`: `main.ts` of a folder, or the file that is named. */
function entryOf(place: string): string {
  const path = resolve(place);
  const entry = existsSync(path) && statSync(path).isDirectory() ? join(path, "main.ts") : path;
  if (existsSync(entry)) return entry;
  throw new BulkheadError("FILE_UNREADABLE", `there is no component in ${place}`, {
    remedy: "name the folder of its main.ts",
  });
}
