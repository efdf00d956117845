/**
 * `npm start -- --check`: runs the whole system, proves that it does what first light promises, and takes it down again.
 * Exit code 0 only where every line holds.
 */
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { formatError, reportError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { launch, type Running } from "../../studio/src/run/launcher.ts";
import { formatLevels } from "../../studio/src/run/levels.ts";
import { type RunOptions, readOptions, runUsage } from "../../studio/src/run/options.ts";
import { showProgress } from "../../studio/src/run/progress.ts";
import { type FirstLight, firstLight } from "./first-light.ts";
import { type Proof, type ProofResult, runProof } from "./proof.ts";
import { authenticationProof } from "./proofs/authentication.ts";
import { closedLoopProof } from "./proofs/closed-loop.ts";
import { commandsProof } from "./proofs/commands.ts";
import { managementProof } from "./proofs/management.ts";
import { manifestProof } from "./proofs/manifest.ts";
import { reachProof } from "./proofs/reach.ts";
import { releaseProof } from "./proofs/release.ts";
import { sandboxProof } from "./proofs/sandbox.ts";
import { supervisionProof } from "./proofs/supervision.ts";
import { watchTeardown } from "./proofs/teardown.ts";
import { formatTable } from "./table.ts";

/** By their numbers in the issue, in the order in which nobody waits for what another is waiting for. */
const proofs: readonly [number, Proof][] = [
  [1, manifestProof],
  [2, sandboxProof],
  [3, closedLoopProof],
  [5, authenticationProof],
  [6, managementProof],
  [7, reachProof],
  [4, supervisionProof],
  [8, releaseProof],
  [9, commandsProof],
];

async function check(options: RunOptions): Promise<number> {
  const startedAt = performance.now();
  const progress = showProgress();
  const running = await launch({ ...options, fresh: true, uploads: "any" }, progress);
  const bootMs = performance.now() - startedAt;
  const scratch = await makeScratch(running);
  const light = firstLight(running, options.manifest, scratch);
  const { components } = await light.status();
  const results: ProofResult[] = [];
  try {
    for (const [number, proof] of proofs) {
      results.push(await progress.step(proof.title, () => runProof(number, proof, light)));
    }
  } finally {
    results.push(await takeDown(running, light));
    results.sort((a, b) => a.number - b.number);
    await rm(scratch, { recursive: true, force: true });
  }
  const totalMs = Math.round(performance.now() - startedAt);
  if (options.json) process.stdout.write(`${JSON.stringify({ results, bootMs: Math.round(bootMs), totalMs })}\n`);
  else process.stdout.write(`\n${formatLevels(components)}\n\n${formatTable(results, totalMs)}`);
  return results.some(({ outcome }) => outcome === "fails") ? 1 : 0;
}

async function takeDown(running: Running, light: FirstLight): Promise<ProofResult> {
  const proof = await watchTeardown(running);
  return runProof(proofs.length + 1, proof, light);
}

/** In the system's own state, for the checkout may be somebody else's; copies of the example find their packages beside them. */
async function makeScratch({ paths }: Running): Promise<string> {
  const scratch = join(paths.stateDir, "scratch");
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { mode: 0o700 });
  await symlink(join(bulkheadDirectory, "node_modules"), join(scratch, "node_modules"));
  return scratch;
}

try {
  const options = readOptions(process.argv.slice(2), join(bulkheadDirectory, "manifests/greenhouse/manifest.yaml"));
  if (options === null) process.stdout.write(runUsage);
  else process.exitCode = await check(options);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
