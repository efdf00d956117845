/** A whole device, and a folder in which a person follows a page of the guide: for the proofs that run its commands in their order. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { runCommandLine } from "../../../../studio/src/cli/run.ts";
import { root } from "../../../../studio/src/commands.ts";
import { bulkheadDirectory } from "../../../../studio/src/locations.ts";
import { stateDirectory } from "../../../../studio/src/run/instance.ts";
import { launch, type Running } from "../../../../studio/src/run/launcher.ts";

export const passphrase = "six words that nobody guesses soon";

export type GuideDevice = { readonly running: Running; readonly scratch: string; close(): Promise<void> };

const silent = { step: <T>(_: string, work: () => Promise<T>) => work(), note: () => undefined };

/**
 * Starts the system of `manifestIn(scratch)` under `name`. The folder, which is the working directory until `close`, has what the guide begins with:
 * the repository, the targets key of the running system, and the file `passphrase`.
 */
export async function openGuideDevice(
  name: string,
  manifestIn: (scratch: string) => Promise<string>,
): Promise<GuideDevice> {
  const before = process.cwd();
  // Inside the checkout, so that a copy of the example finds its packages.
  await mkdir(join(bulkheadDirectory, ".cache"), { recursive: true });
  const scratch = await mkdtemp(join(bulkheadDirectory, `.cache/${name}-`));
  const manifest = await manifestIn(scratch);
  const running = await launch({ name, manifest, port: 0, deviceNode: null, fresh: true, uploads: "verified" }, silent);
  await symlink(running.project.repositoryDir, join(scratch, "repository"));
  await cp(join(running.project.keysDir, "targets-1.json"), join(scratch, "targets.json"));
  await writeFile(join(scratch, "passphrase"), `${passphrase}\n`, { mode: 0o600 });
  process.chdir(scratch);
  return {
    ...{ running, scratch },
    async close() {
      process.chdir(before);
      await running.stop();
      await rm(stateDirectory(name, bulkheadDirectory), { recursive: true, force: true });
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** The commands of a page of the guide, in their order: lines that are set in by four and begin with `bulkhead`. */
export async function commandsOf(page: string): Promise<string[]> {
  const text = await readFile(join(bulkheadDirectory, "docs/guide", page), "utf8");
  return [...text.matchAll(/^ {4}bulkhead (.+)$/gm)].map(([, line]) => line ?? "");
}

/** Runs `bulkhead` in this process; its exit code and all that it printed. */
export async function runBulkhead(words: readonly string[]): Promise<{ code: number; output: string }> {
  let output = "";
  const take = (text: unknown) => {
    output += String(text);
    return true;
  };
  const taken = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockImplementation(take));
  const code = await runCommandLine(root, words);
  for (const one of taken) one.mockRestore();
  return { code, output };
}
