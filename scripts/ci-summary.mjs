/**
 * `ci-summary FOLDER`, for .ci/run: FOLDER has `checks`, a line of `name, seconds, exit code, result` with tabs between
 * for each check, and what each printed as `<name>.log`.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { formatSummary } from "./results/summary.mjs";

const folder = process.argv[2] ?? ".";
const lines = (await readFile(join(folder, "checks"), "utf8")).split("\n").filter(Boolean);
const checks = await Promise.all(
  lines.map(async (line) => {
    const [name = "", seconds, code, result = ""] = line.split("\t");
    const output = await readFile(join(folder, `${name}.log`), "utf8");
    return { name, seconds: Number(seconds), code: Number(code), result, output };
  }),
);
process.stdout.write(formatSummary(checks));
