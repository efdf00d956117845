/** Whatever is done to a manifest: the compiler answers with a plan or with coded errors that have a place in the file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "@bulkhead/protocol";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { expectAnswer } from "./answer.ts";
import { compileText } from "./boards.ts";

// Other tests run beside these, and they compile some hundred times.
vi.setConfig({ testTimeout: 60_000 });

const example = readFileSync(join(import.meta.dirname, "../../manifests/greenhouse/manifest.yaml"), "utf8");
const lines = example.split("\n");

const word = fc.constantFrom(
  ...["one", "climate", "i2c.device", "clock-server.time", "__proto__", "constructor", "toString", "{", "[", "]", "}"],
  ...[
    "&a",
    "*a",
    "!!binary x",
    "? x",
    "- ",
    "~",
    "1e999",
    "0x48",
    ".nan",
    "-0",
    "48Mi",
    "2ms",
    "''",
    '"',
    "|",
    "%YAML 1.1",
  ],
);
const mutation = fc.oneof(
  fc.record({ kind: fc.constant("drop"), at: fc.nat(lines.length - 1) }),
  fc.record({ kind: fc.constant("double"), at: fc.nat(lines.length - 1) }),
  fc.record({ kind: fc.constant("move"), at: fc.nat(lines.length - 1), to: fc.nat(lines.length - 1) }),
  fc.record({ kind: fc.constant("value"), at: fc.nat(lines.length - 1), word }),
  fc.record({
    kind: fc.constant("insert"),
    at: fc.nat(example.length),
    word: fc.oneof(word, fc.string({ maxLength: 5 })),
  }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat(example.length) }),
);
type Mutation = { kind: string; at: number; to?: number; word?: string };

function mutate(text: string, { kind, at, to = 0, word: put = "" }: Mutation): string {
  if (kind === "insert") return text.slice(0, at) + put + text.slice(at);
  if (kind === "cut") return text.slice(0, at);
  const rows = text.split("\n");
  const row = rows[at] ?? "";
  if (kind === "drop") rows.splice(at, 1);
  if (kind === "double") rows.splice(at, 0, row);
  if (kind === "move") rows.splice(to, 0, ...rows.splice(at, 1));
  if (kind === "value") rows[at] = row.replace(/:.*$/, `: ${put}`);
  return rows.join("\n");
}

test("[K1] mutations of the example manifest give a valid system or coded errors, never anything else", () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const text = mutations.reduce((current, each) => mutate(current, each as Mutation), example);
      expectAnswer(compileText(text), text);
    }),
    { numRuns: 400 },
  );
});

test("[K1] any text at all gives a valid system or coded errors", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300, unit: "grapheme" }), (text) => expectAnswer(compileText(text), text)),
    { numRuns: 300 },
  );
});

test.each([
  ["deep nesting of lists", "[".repeat(20_000)],
  ["deep nesting of maps", "a: ".repeat(10_000)],
  ["a file that is too large", `# ${"x".repeat(300 * 1024)}`],
  ["an empty file", ""],
  ["only a comment", "# nothing\n"],
  ["a bomb of aliases", `a: &a [x]\nb: &b [${"*a,".repeat(1000)}]\nc: [${"*b,".repeat(1000)}]\n`],
  ["a NUL", "system: a\0b\n"],
])("[K1] %s is refused with a coded error", (_, text) => {
  const compiled = compileText(text);
  expect("errors" in compiled).toBe(true);
  expectAnswer(compiled, text);
});

test("[S3] a plan does not depend on when or how often it is compiled", () => {
  const [one, two] = [compileText(example), compileText(example)];
  expect("plan" in one && canonicalJson(one.plan as never)).toBe("plan" in two && canonicalJson(two.plan as never));
});
