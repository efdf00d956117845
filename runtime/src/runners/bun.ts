/** Runner `bun`: the bundle of the runner `node` on Bun, which takes less memory of its own. Not on 32-bit Arm: no such Bun. */
import { join } from "node:path";
import { programMounts } from "../sandbox/index.ts";
import { bundleInside, bundleMount, hostedEnvironment, type Runner } from "./execution.ts";
import { findRuntime } from "./runtimes.ts";

const bunInside = "/bun/bun";

export const bunRunner: Runner = async (subject) => {
  const program = join(await findRuntime(subject, "bun"), "bun");
  return {
    // --smol: it collects earlier, which is what a small budget needs. Nothing is fetched: there is no network to fetch from.
    command: [bunInside, "run", "--smol", "--no-install", `${bundleInside}/main.js`],
    environment: { ...hostedEnvironment, BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0", DO_NOT_TRACK: "1" },
    mounts: [...(await programMounts(program, bunInside)), bundleMount(subject)],
    profile: "component",
    surroundings: "hosted",
  };
};
