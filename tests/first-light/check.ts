/**
 * `npm start -- --check`: runs the whole system, proves that it does what first light promises, and takes it down again.
 * Exit code 0 only where every line holds.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatError, reportError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import { launch, type Running } from "../../studio/src/run/launcher.ts";
import { formatLevels } from "../../studio/src/run/levels.ts";
import { type RunOptions, readOptions, runUsage } from "../../studio/src/run/options.ts";
import { showProgress } from "../../studio/src/run/progress.ts";
import { type FirstLight, firstLight } from "./first-light.ts";
import { type ProofResult, runProof } from "./proof.ts";
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

const proofs = [
  manifestProof,
  sandboxProof,
  closedLoopProof,
  supervisionProof,
  authenticationProof,
  managementProof,
  reachProof,
  releaseProof,
  commandsProof,
];

async function check(options: RunOptions): Promise<number> {
  const startedAt = performance.now();
  const progress = showProgress();
  const running = await launch({ ...options, fresh: true, uploads: "any" }, progress);
  const bootMs = performance.now() - startedAt;
  const scratch = await makeScratch();
  const light = firstLight(running, options.manifest, scratch);
  const { components } = await light.status();
  const results: ProofResult[] = [];
  try {
    for (const [index, proof] of proofs.entries()) {
      results.push(await progress.step(proof.title, () => runProof(index + 1, proof, light)));
    }
  } finally {
    results.push(await takeDown(running, light, results.length + 1));
    await rm(scratch, { recursive: true, force: true });
  }
  const totalMs = Math.round(performance.now() - startedAt);
  if (options.json) process.stdout.write(`${JSON.stringify({ results, bootMs: Math.round(bootMs), totalMs })}\n`);
  else process.stdout.write(`\n${formatLevels(components)}\n\n${formatTable(results, totalMs)}`);
  return results.some(({ outcome }) => outcome === "fails") ? 1 : 0;
}

async function takeDown(running: Running, light: FirstLight, number: number): Promise<ProofResult> {
  const proof = await watchTeardown(running);
  return runProof(number, proof, light);
}

/** Inside the checkout, so that copies of the example find its packages. */
async function makeScratch(): Promise<string> {
  const base = join(bulkheadDirectory, ".cache");
  await mkdir(base, { recursive: true });
  return mkdtemp(join(base, "first-light-"));
}

try {
  const options = readOptions(process.argv.slice(2), join(bulkheadDirectory, "manifests/greenhouse/manifest.yaml"));
  if (options === null) process.stdout.write(runUsage);
  else process.exitCode = await check(options);
} catch (error) {
  process.stderr.write(`${formatError(reportError(error))}\n`);
  process.exitCode = 1;
}
