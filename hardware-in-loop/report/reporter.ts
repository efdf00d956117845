/** vitest's reporter of a run: writes `report.json` and `report.html` into the run's folder. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { z } from "zod";
import { drawPage } from "./page.ts";
import { type Report, reportSchema } from "./report.ts";

/** What the run itself knows of the board; left in the folder by `run/bench.hil.ts`. */
export const aboutSchema = reportSchema.pick({
  station: true,
  title: true,
  board: true,
  capabilities: true,
  versions: true,
  console: true,
});
export const aboutFile = "about.json";

export class BenchReporter implements Reporter {
  readonly #directory = z.string().parse(process.env["BULKHEAD_HIL_OUT"]);
  readonly #startedAt = new Date();

  async onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): Promise<void> {
    const about = aboutSchema.parse(JSON.parse(await readFile(join(this.#directory, aboutFile), "utf8")));
    const errors = [...unhandled, ...modules.flatMap((module) => module.errors())];
    const report: Report = {
      format: 1,
      ...about,
      startedAt: this.#startedAt.toISOString(),
      durationMs: Date.now() - this.#startedAt.getTime(),
      tests: modules.flatMap((module) => [...module.children.allTests()].map(testOf)),
      errors: errors.map(({ message }) => message),
    };
    await writeFile(join(this.#directory, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(this.#directory, "report.html"), drawPage(report));
  }
}

function testOf(test: TestCase): Report["tests"][number] {
  const result = test.result();
  const reason = result.state === "skipped" ? result.note : result.errors?.map(({ message }) => message).join("\n");
  return {
    suite: test.parent.type === "suite" ? test.parent.name : "",
    title: test.name,
    // What never ended did not pass.
    result: result.state === "pending" ? "failed" : result.state,
    durationMs: Math.round(test.diagnostic()?.duration ?? 0),
    ...(reason ? { reason } : {}),
    measurements: test.meta().measurements ?? [],
  };
}
