import { expect, test } from "vitest";
import { drawPage } from "./page.ts";
import { countOf, type Report, reportSchema } from "./report.ts";

const report: Report = {
  format: 1,
  station: "virtual",
  title: "Virtual board",
  board: "virtual",
  capabilities: ["agent"],
  startedAt: "2026-11-22T12:00:00.000Z",
  durationMs: 12_345,
  versions: { node: "v24" },
  tests: [
    {
      suite: "agent",
      title: "comes up",
      result: "failed",
      durationMs: 5,
      reason: "<script>alert(1)</script>",
      measurements: [{ name: "boot", value: 9, unit: "s", atMost: 3 }],
    },
    { suite: "agent", title: "is off", result: "skipped", durationMs: 0, reason: "no power", measurements: [] },
  ],
  errors: ["it ended"],
  console: "a\u001b[31m<b>",
};

test("a page shows each test with its measurements and limits, and nothing that a board says is markup", () => {
  const page = drawPage(reportSchema.parse(report));
  expect(page).toContain("boot: 9 s (at most 3)");
  expect(page).toContain('<li class="failed">');
  expect(page).toContain("&lt;script&gt;");
  expect(page).not.toContain("<script");
  expect(page).toContain("a\ufffd[31m&lt;b&gt;");
});

test("an error outside of all tests is a failure", () => {
  expect(countOf(report, "failed")).toBe(2);
  expect(countOf({ ...report, errors: [] }, "failed")).toBe(1);
  expect(countOf(report, "passed")).toBe(0);
});
