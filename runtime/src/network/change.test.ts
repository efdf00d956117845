import fc from "fast-check";
import { expect, test } from "vitest";
import { planNetworkChange } from "./change.ts";
import { planNetwork } from "./plan.ts";
import { provisioningWith, systemWith } from "./testing/fixtures.ts";

const provisioning = provisioningWith({});
const inputs = (steps: ReturnType<typeof planNetworkChange>["steps"]) => steps.map(({ input }) => input).join("");

test("[K17] [K23] a link that both generations have is left alone, also where it may reach something else; the rules are the new ones", () => {
  const before = systemWith({ agent: ["mqtt"], report: ["mqtt"] });
  const after = systemWith({ agent: ["mqtt"], report: ["mqtt", "other"] });
  const change = planNetworkChange(before, after, provisioning);
  expect([change.clearing, change.leaving, change.coming]).toEqual([[], [], []]);
  expect(change.steps).toEqual(
    planNetwork(after, provisioning).board.filter(({ program, namespace }) => {
      return program === "nft" && namespace === "router";
    }),
  );
});

test("[K17] [K23] what is new gets its link, what has gone loses it, and where an address shifts both happens", () => {
  const change = planNetworkChange(systemWith({ b: ["mqtt"] }), systemWith({ a: ["mqtt"], b: ["mqtt"] }), provisioning);
  expect(change.clearing.map(({ input, mayFail }) => [input, mayFail])).toEqual([["link delete v2\n", true]]);
  expect([change.leaving, change.coming]).toEqual([["c-b"], ["c-a", "c-b"]]);
  expect(change.steps[0]).toMatchObject({ namespace: "router", program: "nft" });
  expect(inputs(change.steps)).toContain("link add v3 ");
});

test("[K17] [K23] for any two systems the way from one to the other leads to the links and rules of a fresh start", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const networks = fc.dictionary(name, fc.subarray(["mqtt", "other"]), { maxKeys: 6 });
  fc.assert(
    fc.property(networks, networks, (one, other) => {
      const [before, after] = [systemWith(one), systemWith(other)];
      const change = planNetworkChange(before, after, provisioning);
      const there = new Set(planNetwork(before, provisioning).namespaces);
      for (const left of change.leaving) there.delete(left);
      for (const coming of change.coming) there.add(coming);
      const fresh = planNetwork(after, provisioning);
      expect([...there].sort()).toEqual([...fresh.namespaces].sort());
      const linesOf = (text: string) => text.split("\n").filter((line) => line.includes("link add"));
      const wanted = linesOf(inputs(fresh.board));
      const kept = linesOf(inputs(planNetwork(before, provisioning).board)).filter((line) =>
        change.clearing.every(({ input }) => !line.includes(` ${input.trim().split(" ").at(-1)} `)),
      );
      expect([...kept, ...linesOf(inputs(change.steps))].sort()).toEqual(wanted.sort());
    }),
    { numRuns: 200 },
  );
});
