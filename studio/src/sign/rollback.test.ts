import { releaseTargetName, rollbackFromOf } from "@bulkhead/protocol";
import { TargetFile } from "@tufjs/models";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { beforeSigning, rollbackFrom, withRollback } from "./rollback.ts";

const file = (path: string, custom: Record<string, string | number>) =>
  new TargetFile({ path, length: 1, hashes: { sha256: "a".repeat(64) }, unrecognizedFields: { custom } });
const named = (name: string, releaseCounter: number, more: Record<string, number> = {}) =>
  file(releaseTargetName({ name, releaseCounter }), { releaseCounter, ...more });
const list = (...files: TargetFile[]) => Object.fromEntries(files.map((one) => [one.path, one]));
const bill = file("house-2.sbom.cdx.json", { paper: "sbom" });
const four = list(
  ...[1, 2, 4].map((counter) => named("house", counter)),
  named("house-old", 9),
  named("barn", 7),
  bill,
);

describe("[M11] a rollback statement", () => {
  test("says as far as devices can have come, and takes later releases of the name, and their papers, from the list", () => {
    const after = withRollback(four, "house-1.json");
    expect(Object.keys(after).sort()).toEqual(["barn-7.json", "house-1.json", "house-old-9.json"]);
    expect(after["house-1.json"]?.unrecognizedFields["custom"]).toEqual({ releaseCounter: 1, rollbackFrom: 4 });
    expect(rollbackFrom(after["barn-7.json"])).toBeUndefined();
    expect(after["house-1.json"]?.hashes).toEqual(four["house-1.json"]?.hashes);
  });

  test("further back reaches as far as the one before it did", () => {
    const after = withRollback(withRollback(four, "house-2.json"), "house-1.json");
    expect(Object.values(after).flatMap((one) => rollbackFrom(one) ?? [])).toEqual([4]);
    expect(rollbackFrom(after["house-1.json"])).toBe(4);
  });

  test.each(["house-4.json", "barn-7.json", "house-3.json", "house-2.sbom.cdx.json", "house", "constructor"])(
    "is not made for %s: it is the newest, or no release that is signed",
    (target) => {
      expect(() => withRollback(four, target)).toThrow(expect.objectContaining({ code: "USAGE" }));
    },
  );

  test.each<[string, string, string]>([
    ["house", "no release house", "the targets name barn-7.json, house-old-9.json, house-1.json"],
    ["house-1", "no release house-1", "its name there is house-1.json"],
    ["house-3.json", "house-1.json has withdrawn all after it up to counter 4", "the targets name barn-7.json, "],
    ["house-5.json", "no release house-5.json", "the targets name barn-7.json, "],
  ])("for %s says what is known of that, and what is signed", (target, message, remedy) => {
    const stated = withRollback(four, "house-1.json");
    expect(() => withRollback(stated, target)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      }),
    );
  });

  test("names the newest twenty where more are signed, and that there is none", () => {
    const many = list(...Array.from({ length: 64 }, (_, at) => named("house", at + 1)));
    const remedy = expect.stringMatching(/^the targets name house-64\.json, .*house-45\.json$/);
    expect(() => withRollback(many, "barn-1.json")).toThrow(expect.objectContaining({ remedy }));
    expect(() => withRollback({}, "barn-1.json")).toThrow(expect.objectContaining({ remedy: "no release is signed" }));
  });

  test("ends when a release beyond it is signed; one that it has withdrawn cannot be", () => {
    const stated = withRollback(four, "house-1.json");
    expect(rollbackFrom(beforeSigning(stated, { name: "house", releaseCounter: 5 })["house-1.json"])).toBeUndefined();
    for (const releaseCounter of [2, 3, 4]) {
      expect(() => beforeSigning(stated, { name: "house", releaseCounter })).toThrow(
        expect.objectContaining({ code: "RELEASE_ROLLBACK", message: expect.stringContaining("up to counter 4") }),
      );
    }
    expect(beforeSigning(stated, { name: "house", releaseCounter: 1 })).toBe(stated);
    expect(beforeSigning(stated, { name: "barn", releaseCounter: 8 })).toBe(stated);
  });

  const step = fc.record({
    name: fc.constantFrom("a", "a-1"),
    releaseCounter: fc.integer({ min: 1, max: 6 }),
    back: fc.boolean(),
  });

  test("is of one release of a name at the most, and reaches as far as any was signed, in whatever order", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let files: Files = {};
        const signed: (typeof steps)[number][] = [];
        for (const one of steps) {
          const next = tried(() => (one.back ? withRollback(files, releaseTargetName(one)) : withSigned(files, one)));
          if (next !== undefined && !one.back) signed.push(one);
          files = next ?? files;
          for (const name of ["a", "a-1"]) {
            const highest = Math.max(
              0,
              ...signed.flatMap((other) => (other.name === name ? other.releaseCounter : [])),
            );
            expect([[], [highest]]).toContainEqual(statedOf(files, name));
          }
        }
      }),
    );
  });
});

type Files = Record<string, TargetFile>;

function withSigned(files: Files, one: { name: string; releaseCounter: number }): Files {
  return { ...list(named(one.name, one.releaseCounter)), ...beforeSigning(files, one) };
}

/** Undefined where it was refused. */
function tried(change: () => Files): Files | undefined {
  try {
    return change();
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(USAGE|RELEASE_ROLLBACK)$/) });
    return undefined;
  }
}

const statedOf = (files: Files, name: string): number[] =>
  Object.values(files)
    .filter(({ path }) => path.replace(/-[0-9]+\.json$/, "") === name)
    .flatMap((file) => rollbackFrom(file) ?? []);

test("[M11] a statement that is no counter is refused, and none is none", () => {
  expect([undefined, {}, { releaseCounter: 1 }].map((custom) => rollbackFromOf(custom, "x"))).toEqual(
    Array(3).fill(undefined),
  );
  for (const from of [0, -1, 1.5, "3", null, {}, Number.MAX_SAFE_INTEGER + 1]) {
    expect(() => rollbackFromOf({ rollbackFrom: from }, "x-1.json")).toThrow(
      expect.objectContaining({ code: "RELEASE_METADATA_INVALID", message: expect.stringContaining("x-1.json") }),
    );
  }
});
