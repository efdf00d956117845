import { findWays } from "@bulkhead/protocol/manifest";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadSystem } from "../check/load-system.ts";
import { exampleManifest } from "../locations.ts";
import { waysBetween } from "./command.ts";
import { explainWay } from "./explain.ts";
import { formatWays } from "./format.ts";

const { plan } = loadSystem(exampleManifest);
const all = { without: [], limit: 1000 };

test("[K+] why names every hop from the network to an actuator, with the permission that allows it", () => {
  const { ways } = waysBetween(plan, "network", "fan", all);
  expect(explainWay(plan, ways[0] ?? [])).toEqual([
    { from: "network", to: "network:mqtt", by: "a proxy of the management service" },
    { from: "network:mqtt", to: "telemetry", by: "telemetry has network: [mqtt]" },
    { from: "telemetry", to: "climate", by: "answers of climate.readings: telemetry.publish (weak)" },
    { from: "climate", to: "climate.fan", by: "the channel climate.fan: gpio.line { pin: P9_12, direction: out }" },
  ]);
});

test("[K+] the shortest way comes first, and cutting who stands in all of them leaves none", () => {
  const { ways, more } = waysBetween(plan, "network", "valve", all);
  expect(more).toBe(false);
  expect(ways.length).toBeGreaterThan(1);
  expect(ways.map(({ length }) => length)).toEqual(ways.map(({ length }) => length).sort((a, b) => a - b));
  expect(waysBetween(plan, "network", "valve", { without: ["climate"], limit: 10 }).ways).toEqual([]);
  expect(waysBetween(plan, "intruder", "fan", all).ways).toEqual([]);
});

test("[K+] more ways than asked for are counted as such, not silently left out", () => {
  const { ways, more } = waysBetween(plan, "network", "fan", { without: [], limit: 1 });
  expect([ways.length, more]).toEqual([1, true]);
  expect(formatWays("network", "fan", [explainWay(plan, ways[0] ?? [])], more)).toContain("in 1 or more ways");
});

test("[K+] a name that the system does not have is refused with what is near", () => {
  expect(() => waysBetween(plan, "netwrok", "fan", all)).toThrow(
    expect.objectContaining({ code: "NOT_FOUND", remedy: "did you mean `network`?" }),
  );
});

// Against the plainest way to say it: walk everywhere, keep what arrives.
function waysByWalking(
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  ends: ReadonlySet<string>,
  to: string,
  way: string[],
): string[][] {
  const at = way.at(-1) ?? "";
  if (at === to) return [way];
  if (ends.has(at) && way.length > 1) return [];
  return [...(edges.get(at) ?? [])]
    .filter((next) => !way.includes(next))
    .flatMap((next) => waysByWalking(edges, ends, to, [...way, next]));
}

test("[K+] the ways found are all simple ways, in any graph", () => {
  const node = fc.constantFrom("a", "b", "c", "d", "e", "f");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(node, node), { maxLength: 18 }),
      fc.uniqueArray(node, { maxLength: 2 }),
      (pairs, stops) => {
        const edges = new Map<string, Set<string>>();
        for (const [from, to] of pairs) edges.set(from, (edges.get(from) ?? new Set()).add(to));
        const ends = new Set(stops);
        const { ways, more } = findWays({ edges, ends }, ["a"], ["f"], { limit: 100_000 });
        expect(more).toBe(false);
        expect(ways.map((way) => way.join()).sort()).toEqual(
          waysByWalking(edges, ends, "f", ["a"])
            .map((way) => way.join())
            .sort(),
        );
      },
    ),
  );
});

test("[K+] looking for ways in a dense system ends in time", () => {
  const names = Array.from({ length: 60 }, (_, index) => `c${index}`);
  const edges = new Map(names.map((name) => [name, new Set(names)]));
  const before = process.threadCpuUsage();
  const { ways, more } = findWays({ edges, ends: new Set() }, ["c0"], ["c59"], { limit: 20 });
  expect([ways.length, more]).toEqual([20, true]);
  expect(process.threadCpuUsage(before).user).toBeLessThan(5_000_000);
});
