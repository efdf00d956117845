import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { boardsDirectory } from "../../locations.ts";
import { checkEnds } from "./check-ends.ts";
import type { Definition } from "./definitions.ts";

const end = (name: string, digest = "d".repeat(64), operations = ["read", "write"]) => ({
  interface: name,
  digest,
  operations,
});
const provider: Definition = { uses: {}, provides: { level: end("level") } };
const client: Definition = { uses: { tank: end("level") }, provides: {} };

function errorsOf(
  definitions: Record<string, Definition>,
  use = "pump.level",
  provides = "{ level: level, other: other }",
) {
  const text = `system: ends
version: 1.0.0
board: virtual
components:
  pump: { image: ./pump, provides: ${provides} }
  watch:
    image: ./watch
    uses:
      tank: ${use}
`;
  const board = (name: string) => ({ file: name, text: readFileSync(join(boardsDirectory, `${name}.yaml`), "utf8") });
  const compiled = compile(text, { file: "m.yaml", board });
  if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
  return checkEnds(compiled.plan, new Map(Object.entries(definitions)), compiled.source);
}

test("[K4] ends that agree are nothing to speak of, and an end without a definition is not judged", () => {
  expect(errorsOf({ pump: provider, watch: client })).toEqual([]);
  expect(errorsOf({ pump: provider })).toEqual([]);
  expect(errorsOf({})).toEqual([]);
});

test("[K4] two forms of one interface are an error that names both ends and stands at the use", () => {
  const other: Definition = { uses: {}, provides: { level: end("level", "e".repeat(64)) } };
  expect(errorsOf({ pump: other, watch: client })).toEqual([
    {
      code: "BUILD_INTERFACE_MISMATCH",
      message:
        "`watch.tank` (dddddddddddd) and `pump.level` (eeeeeeeeeeee) have different forms of the interface `level`",
      place: { file: "m.yaml", line: 9, column: 7 },
      remedy: "let both import the interface from one file",
    },
  ]);
});

test.each([
  [
    "the manifest leads a channel to another interface",
    { pump: provider, watch: client },
    "pump.other",
    "uses `tank` as `level`, and `pump.other` is a `other`",
  ],
  [
    "the provider's code lacks a service",
    { pump: { uses: {}, provides: { levels: end("level") } } },
    "pump.level",
    "provides no `level`",
  ],
  [
    "the provider's code has another interface",
    { pump: { uses: {}, provides: { level: end("depth") } } },
    "pump.level",
    "provides `level` as `depth`, and the manifest says `level`",
  ],
  [
    "the client's code wants a channel that is not given",
    { watch: { uses: { tank: end("level"), pipe: end("flow") }, provides: {} } },
    "pump.level",
    "uses `pipe` (flow), which the manifest does not give it",
  ],
  [
    "an operation is allowed that the interface has not",
    { pump: provider, watch: client },
    "{ from: pump.level, operations: [read, raed] }",
    "has no operation `raed`",
  ],
])("[K4] %s: refused", (_, definitions, use, message) => {
  const errors = errorsOf(definitions as Record<string, Definition>, use);
  expect(errors.map(({ code }) => code)).toEqual(["BUILD_INTERFACE_MISMATCH"]);
  expect(errors[0]?.message).toContain(message);
  expect(errors[0]?.place?.line).toBeGreaterThan(4);
});
