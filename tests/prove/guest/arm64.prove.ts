/** The project's own specifications on an emulated 64-bit Arm board with Debian's kernel: control groups version 2. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { architectures } from "../../../hardware-in-loop/emulated/architecture.ts";
import { runSpecs, type Verdicts } from "../../../hardware-in-loop/emulated/specs.ts";

/** Tests that may be skipped there, each with its reason; any other that is skipped is a failure. */
const specs: Readonly<Record<string, readonly string[]>> = {
  "runtime/src/sandbox/isolation.spec.ts": [],
  "runtime/src/sandbox/limits.spec.ts": [],
  "runtime/src/sandbox/lifetime.spec.ts": [],
  // The guest has one Node, the one that is pinned.
  "runtime/src/sandbox/programs.spec.ts": [
    "[K10] under the filter, Node of the system does it too, where there is another than ours",
  ],
  "runtime/src/sandbox/rootless.spec.ts": [],
  "runtime/src/network/tunnel.spec.ts": [],
};

describe("[K6] [K7] [K8] [K13] on arm64 with control groups version 2", () => {
  let verdicts: Verdicts;
  beforeAll(async () => {
    verdicts = await runSpecs(architectures.arm64, Object.keys(specs));
  });
  afterAll(() => {
    const rows = Object.entries(verdicts?.files ?? {});
    const lines = rows.map(
      ([path, { passed, skipped }]) => `${path}: ${passed.length} passed, ${skipped.length} skipped`,
    );
    process.stderr.write(`Linux ${verdicts?.kernel}, ${Math.round(verdicts?.wallMs / 1000)} s\n${lines.join("\n")}\n`);
  });

  test.each(Object.entries(specs))("%s holds", (path, mayBeSkipped) => {
    const verdict = verdicts.files[path];
    expect(verdict?.failed).toEqual([]);
    expect(verdict?.passed.length).toBeGreaterThan(0);
    expect(verdict?.skipped).toEqual(mayBeSkipped);
  });
});
