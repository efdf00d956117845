/** Holds docs/assurance.md and docs/threats.md to the tree: evidence that is not there, or a part that nobody placed, is found here. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "./architecture/sources.ts";

const page = readFileSync(join(root, "docs", "assurance.md"), "utf8");
const paths = [...page.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/?)`/g)]
  .map(([, path = ""]) => path)
  .filter((path) => path.includes("/"));
const foldersOf = (place: string) =>
  readdirSync(join(root, place)).filter((name) => statSync(join(root, place, name)).isDirectory());

describe("the page on assurance", () => {
  test("[K19] names nothing that is not there", () => {
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test("[K19] places every part of the runtime: trusted, or trusted for service only", () => {
    const places = foldersOf("runtime/src").map((name) => `runtime/src/${name}`);
    expect(places.filter((place) => !paths.includes(place))).toEqual([]);
  });

  test("[K19] points to every long proof", () => {
    const topics = foldersOf("tests/prove").map((name) => `tests/prove/${name}`);
    expect(topics.filter((topic) => !paths.includes(topic))).toEqual([]);
  });

  test("[K19] has evidence for every claim", () => {
    const [, claims = ""] = page.split("## Claims and evidence");
    const rows =
      claims
        .split("\n## ")[0]
        ?.split("\n")
        .filter((line) => line.startsWith("| ")) ?? [];
    const bare = rows.slice(1).filter((row) => !/`[\w.-]+\/[^`]+`/.test(row.split(" | ").at(-1) ?? ""));
    expect(rows.length).toBeGreaterThan(15);
    expect(bare).toEqual([]);
  });
});

describe("the page on threats", () => {
  const threats = readFileSync(join(root, "docs", "threats.md"), "utf8");
  const rows = threats.split("\n").filter((line) => line.startsWith("| ") && /`[\w-]+\//.test(line));

  test("[M11] links each threat to what shows that it is stopped", () => {
    const all = threats.split("\n").filter((line) => line.startsWith("| "));
    const headings = all.filter((_, index) => threats.includes(`${all[index]}\n|---`));
    expect(rows.length).toBeGreaterThan(20);
    expect(all.filter((line) => !headings.includes(line) && !rows.includes(line))).toEqual([]);
  });

  test("[M11] names only files that are there, and tests that they have", () => {
    const cited = rows.flatMap((row) =>
      [...row.matchAll(/`((?:[\w.-]+\/)+[\w.-]+)`((?:,? "[^"]+")*)/g)].map(([, path = "", names = ""]) => ({
        path,
        names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name),
      })),
    );
    expect(cited.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
    const lacking = cited.flatMap(({ path, names }) => {
      const text = names.length > 0 ? readFileSync(join(root, path), "utf8") : "";
      return names.filter((name) => !text.includes(name)).map((name) => `${path}: ${name}`);
    });
    expect(lacking).toEqual([]);
  });
});

test("[K19] decisions are numbered one after the other, and each says its number", () => {
  const files = readdirSync(join(root, "docs/decisions")).filter((name) => name !== "README.md");
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, index) => index + 1));
  const headings = files.map((name) => readFileSync(join(root, "docs/decisions", name), "utf8").slice(0, 8));
  expect(headings).toEqual(files.map((name) => `# ${name.slice(0, 4)}: `));
});
