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
import { firstLight } from "./first-light.ts";
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
  const results: ProofResult[] = [];
  let levels = "";
  try {
    const light = firstLight(running, options.manifest, await makeScratch(running));
    levels = formatLevels((await light.status()).components);
    for (const [number, proof] of proofs) {
      results.push(await progress.step(proof.title, () => runProof(number, proof, light)));
    }
    const teardown = await watchTeardown(running);
    results.push(await runProof(proofs.length + 1, teardown, light));
    results.sort((a, b) => a.number - b.number);
  } finally {
    await running.stop();
  }
  const totalMs = Math.round(performance.now() - startedAt);
  if (options.json) process.stdout.write(`${JSON.stringify({ results, bootMs: Math.round(bootMs), totalMs })}\n`);
  else process.stdout.write(`\n${levels}\n\n${formatTable(results, totalMs)}`);
  const failed = results.some(({ outcome }) => outcome === "fails");
  // Kept for a look at it where something did not hold.
  if (failed) progress.note(`logs and state: ${running.paths.stateDir}`);
  else await rm(running.paths.stateDir, { recursive: true, force: true });
  return failed ? 1 : 0;
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
