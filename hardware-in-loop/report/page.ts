/** The page of a run: one HTML file without anything outside of it, to be read, mailed and kept. */
import { describeMeasurement, isWithin } from "../suite/measurement.ts";
import { countOf, type Report, type Result } from "./report.ts";

type Test = Report["tests"][number];

const signs: Readonly<Record<Result, string>> = { passed: "✓", failed: "✗", skipped: "–" };

export function drawPage(report: Report): string {
  const verdict = countOf(report, "failed") > 0 ? "failed" : "passed";
  const counts = (["passed", "failed", "skipped"] as const).map((result) => `${countOf(report, result)} ${result}`);
  const suites = [...new Set(report.tests.map(({ suite }) => suite))];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(report.station)}: ${verdict}</title><style>${style}</style></head><body>
<h1>${text(report.title)} <span class="${verdict}">${verdict}</span></h1>
<p>Station ${text(report.station)}, board ${text(report.board)}, ${text(report.startedAt)}, ${seconds(report.durationMs)}: ${counts.join(", ")}.</p>
${report.errors.map((error) => `<pre class="failed">${text(error)}</pre>`).join("\n")}
${suites.map((suite) => drawSuite(suite, report.tests)).join("\n")}
<h2>What ran</h2>
<table>${Object.entries(report.versions)
    .map(([what, version]) => `<tr><th scope="row">${text(what)}</th><td>${text(version)}</td></tr>`)
    .join("")}
<tr><th scope="row">capabilities</th><td>${text(report.capabilities.join(", "))}</td></tr></table>
<h2>Console</h2>
<details><summary>${report.console.split("\n").length} lines</summary><pre>${text(report.console)}</pre></details>
</body></html>
`;
}

function drawSuite(suite: string, tests: readonly Test[]): string {
  const rows = tests.filter((test) => test.suite === suite).map(drawTest);
  return `<h2>${text(suite)}</h2>\n<table>${rows.join("\n")}</table>`;
}

function drawTest({ title, result, durationMs, reason, measurements }: Test): string {
  const values = measurements.map(
    (one) => `<li${isWithin(one) ? "" : ' class="failed"'}>${text(one.name)}: ${text(describeMeasurement(one))}</li>`,
  );
  const why = reason === undefined ? "" : `<pre>${text(reason)}</pre>`;
  return `<tr><td class="${result}">${signs[result]} ${result}</td><td>${text(title)}<ul>${values.join("")}</ul>${why}</td><td>${seconds(durationMs)}</td></tr>`;
}

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8884;padding:.4rem .8rem .4rem 0;text-align:left;vertical-align:top}
td:first-child,td:last-child{white-space:nowrap}ul{margin:.2rem 0;padding-left:1.2rem}pre{overflow:auto;white-space:pre-wrap;font-size:.85rem}
.passed{color:#0a7d33}.failed{color:#c0232c}.skipped{color:#777}`;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const notShown = /(?![\t\n])\p{Cc}/gu;

/** A board's console can say anything. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? "").replace(notShown, "\ufffd");
}
