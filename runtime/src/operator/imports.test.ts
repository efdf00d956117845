import { expect, test } from "vitest";
import { createImports } from "./imports.ts";
import { fakeVisit } from "./testing/visitor.ts";

const outcome = { releaseDigest: "a".repeat(64), outcome: "committed", reason: "well" } as const;

function bench(agent?: { uid: number | null }) {
  const said: string[] = [];
  const imports = createImports({
    directory: "/view/import",
    agent: () => agent,
    tellAgent: () => said.push("come"),
    update: () => ({ state: "trying", reason: "on trial", releaseDigest: "b".repeat(64) }),
    log: () => undefined,
  });
  function come() {
    const { visit, told, leave } = fakeVisit();
    return { told, leave, ask: (kind: "import" | "begin" | "update") => imports.ask({ kind }, visit) };
  }
  return { imports, said, come };
}

const conflict = expect.objectContaining({ code: "CONFLICT" });

test("[M11] who brings a file is told where to listen and for whom; only then the agent is told to come", () => {
  const { come, said } = bench({ uid: 700_004 });
  const one = come();
  one.ask("import");
  expect(one.told).toEqual([{ kind: "importing", directory: "/view/import", uid: 700_004 }]);
  expect(said).toEqual([]);
  one.ask("begin");
  expect(said).toEqual(["come"]);
});

test("[M11] one brings a file at a time, and the next when that one has gone", () => {
  const { come, said } = bench({ uid: 700_004 });
  const [one, other] = [come(), come()];
  one.ask("import");
  expect(() => other.ask("import")).toThrow(conflict);
  expect(() => other.ask("begin")).toThrow(conflict);
  one.leave();
  other.ask("import");
  other.ask("begin");
  expect(said).toEqual(["come"]);
});

test("[M11] what became of a release is told to who brings one, and to nobody else", () => {
  const { come, imports } = bench({ uid: 700_004 });
  const [one, other] = [come(), come()];
  one.ask("import");
  other.ask("update");
  imports.tellOutcome(outcome);
  expect(one.told.at(-1)).toEqual({ kind: "outcome", ...outcome });
  expect(other.told).toEqual([{ kind: "update", state: "trying", reason: "on trial", releaseDigest: "b".repeat(64) }]);
  one.leave();
  imports.tellOutcome(outcome);
  expect(one.told).toHaveLength(2);
});

test("[M11] without an agent there is nobody to bring it to", () => {
  const { come, said } = bench();
  expect(() => come().ask("import")).toThrow(conflict);
  expect(said).toEqual([]);
});
