/** The table itself, in the short run: a row that fits its source no more would only be found by the long proof. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutations } from "./table.ts";

const read = (file: string) => readFileSync(join(import.meta.dirname, "../../..", file), "utf8");

test("[K19] every protection of the table is still in the source that it is taken from", () => {
  const stale = mutations.flatMap(({ without, edits }) =>
    edits.filter(({ file, from, to }) => {
      const text = read(file);
      return text.replace(from, () => to) === text;
    }).length > 0
      ? [without]
      : [],
  );
  expect(stale).toEqual([]);
});

test("[K19] the part of a name that chooses a test is in the file of the tests", () => {
  const astray = mutations.filter(({ test: { file, name } }) => !read(file).includes(name ?? ""));
  expect(astray.map(({ without }) => without)).toEqual([]);
});

test("[K19] each protection has a name of its own", () => {
  const names = mutations.map(({ without }) => without);
  expect(names).toEqual([...new Set(names)]);
});
