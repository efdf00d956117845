/** What components say of themselves in code: the interfaces that they use and provide, by running their definitions once. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";
import type { Plugin } from "rolldown";
import { z } from "zod";
import { generateFrom } from "../bundle.ts";
import { loadingMs } from "./describe.ts";

const endSchema = z.object({
  interface: z.string(),
  digest: z.string(),
  /** Names of operations and streams: what a client can ask for. */
  operations: z.array(z.string()),
});
const definitionSchema = z.object({
  uses: z.record(z.string(), endSchema),
  provides: z.record(z.string(), endSchema),
});
export type ChannelEnd = z.infer<typeof endSchema>;
export type Definition = z.infer<typeof definitionSchema>;

const answerSchema = z.record(z.string(), z.union([definitionSchema, z.object({ failed: z.string() })]));
const entryId = "\0bulkhead-definitions";

/**
 * The definitions in the files `entries` (any key → file that exports `component`). They are bundled together and loaded in
 * a process without environment, files, child processes or native code. Throws BUILD_FAILED where one cannot be loaded.
 */
export async function readDefinitions(entries: ReadonlyMap<string, string>): Promise<Map<string, Definition>> {
  const [subject] = entries.values();
  if (subject === undefined) return new Map();
  const program = await generateFrom(entryId, [definitionsEntry(entries)], subject);
  const answers = Object.entries(answerSchema.parse(JSON.parse(await run(program))));
  return new Map(
    answers.map(([key, answer]) => {
      if (!("failed" in answer)) return [key, answer];
      throw new BulkheadError("BUILD_FAILED", `${key} cannot be loaded: ${answer.failed}`, {
        remedy: "a component does its work in `start`; what stands outside of it only defines things",
      });
    }),
  );
}

async function run(program: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-definitions-"));
  try {
    const file = join(directory, "definitions.mjs");
    await writeFile(file, program);
    // The answer comes by a descriptor of its own: what a component prints when it is loaded is not mistaken for it.
    const child = await execa(process.execPath, ["--permission", `--allow-fs-read=${file}`, file], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: {},
      extendEnv: false,
      timeout: loadingMs,
      reject: false,
    });
    const answer = child.stdio[3];
    if (!child.failed && typeof answer === "string" && answer !== "") return answer;
    const reason = child.timedOut ? "it does not end" : (/^\w*Error.*$/m.exec(child.stderr)?.[0] ?? child.shortMessage);
    throw new BulkheadError("BUILD_FAILED", `the definitions of the components cannot be read: ${reason}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function definitionsEntry(entries: ReadonlyMap<string, string>): Plugin {
  return {
    name: "bulkhead-definitions",
    resolveId: (source) => (source === entryId ? { id: entryId, moduleSideEffects: true } : null),
    load(id) {
      if (id !== entryId) return null;
      const loads = [...entries].map(
        ([key, file]) => `[${JSON.stringify(key)}, () => import(${JSON.stringify(file)})]`,
      );
      return { code: entryCode(loads.join(",\n")), moduleType: "js" };
    },
  };
}

// Each is loaded by itself, so that one that throws is told by its name.
const entryCode = (loads: string): string => `
import { writeSync } from "node:fs";
const ends = (interfaces) => Object.fromEntries(Object.entries(interfaces).map(([name, one]) => [name, {
  interface: one.name,
  digest: one.digest,
  operations: [...Object.keys(one.operations), ...Object.keys(one.streams ?? {})],
}]));
const answers = {};
for (const [key, load] of [${loads}]) {
  try {
    const { component } = await load();
    answers[key] = { uses: ends(component.uses), provides: ends(component.provides) };
  } catch (error) {
    answers[key] = { failed: String(error).split("\\n")[0] };
  }
}
writeSync(3, JSON.stringify(answers));
process.exit(0);
`;
