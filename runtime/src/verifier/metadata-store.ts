/**
 * The trusted TUF metadata, as generations: `tuf/<n>/` holds the files and, written last, their digests. A generation
 * becomes the current one when its directory gets its name, which is one step, so a power cut leaves the old or the new.
 * One that is damaged is passed over for the one before it, and at last for the pinned root.
 */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@bulkhead/protocol";
import { z } from "zod";
import { syncDirectory } from "../generations/durable.ts";
import { readRecord, writeRecord } from "./own-record.ts";

/** Files of the TUF client in a generation; it names them so. */
const files = ["root.json", "timestamp.json", "snapshot.json", "targets.json"] as const;
const sealName = "generation.json";
const sealSchema = z.record(z.enum(files), z.string().optional());
const keptGenerations = 2;

export type MetadataStore = {
  /** Makes the directory for a new generation, with what is trusted now in it. Returns its path. */
  begin(): Promise<string>;
  /** Makes what `begin` gave the current generation, if anything in it has changed. */
  commit(): Promise<void>;
  /** Of what is trusted now; undefined where it is not there yet. */
  targets(): Promise<string | undefined>;
  /** What was found damaged when the current generation was looked for, for the log. */
  readonly damaged: readonly string[];
};

/** Opens the store in `directory`; without a good generation trust starts at `pinnedRoot`. */
export async function openMetadataStore(directory: string, pinnedRoot: string): Promise<MetadataStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // The name of the newest generation may not be safe yet, if who gave it was killed.
  await syncDirectory(directory);
  const growing = join(directory, "new");
  let current: number | undefined;
  const damaged: string[] = [];
  for (const generation of (await generationsIn(directory)).reverse()) {
    if (await isIntact(join(directory, String(generation)))) {
      current = generation;
      break;
    }
    damaged.push(`metadata generation ${generation} is damaged`);
  }

  async function begin(): Promise<string> {
    await rm(growing, { recursive: true, force: true });
    await mkdir(growing, { mode: 0o700 });
    if (current === undefined) await writeFile(join(growing, "root.json"), pinnedRoot);
    else {
      for (const [name, content] of await readFiles(join(directory, String(current)))) {
        await writeFile(join(growing, name), content);
      }
    }
    return growing;
  }

  async function commit(): Promise<void> {
    const seal = await digestsOf(growing);
    const before = current === undefined ? undefined : await digestsOf(join(directory, String(current)));
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(seal)) return;
    for (const name of Object.keys(seal)) await syncFile(join(growing, name));
    await writeRecord(join(growing, sealName), seal);
    const generations = await generationsIn(directory);
    const next = (generations.at(-1) ?? 0) + 1;
    await rename(growing, join(directory, String(next)));
    await syncDirectory(directory);
    current = next;
    for (const old of generations.filter((generation) => generation <= next - keptGenerations)) {
      await rm(join(directory, String(old)), { recursive: true, force: true });
    }
  }

  async function targets(): Promise<string | undefined> {
    if (current === undefined) return undefined;
    const found = (await readFiles(join(directory, String(current)))).find(([name]) => name === "targets.json");
    return found?.[1].toString("utf8");
  }

  return { begin, commit, targets, damaged };
}

async function generationsIn(directory: string): Promise<number[]> {
  const names = (await readdir(directory)).filter((name) => /^[1-9]\d{0,14}$/.test(name));
  return names.map(Number).sort((a, b) => a - b);
}

async function isIntact(generation: string): Promise<boolean> {
  const seal = await readRecord(join(generation, sealName), sealSchema).catch(() => undefined);
  if (seal === undefined) return false;
  return JSON.stringify(await digestsOf(generation)) === JSON.stringify(ordered(seal));
}

async function digestsOf(directory: string): Promise<Record<string, string>> {
  return Object.fromEntries((await readFiles(directory)).map(([name, content]) => [name, sha256(content)]));
}

function ordered(seal: z.infer<typeof sealSchema>): Record<string, string> {
  return Object.fromEntries(files.flatMap((name) => (seal[name] === undefined ? [] : [[name, seal[name]]])));
}

async function readFiles(directory: string): Promise<[string, Buffer][]> {
  const found: [string, Buffer][] = [];
  for (const name of files) {
    const content = await readFile(join(directory, name)).catch(() => undefined);
    if (content !== undefined) found.push([name, content]);
  }
  return found;
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
