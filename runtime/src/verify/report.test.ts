import { type Difference, verificationSchema } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { makeReport } from "./report.ts";

const difference = (what: string, more: Partial<Difference> = {}): Difference => {
  return { component: "climate", what, expected: "a", found: "b", ...more };
};
const seen = { seen: ["climate"], gone: [] };

test("[K8] a difference is what two looks saw: what was there in passing is none", () => {
  const first = { ...seen, differences: [difference("passing"), difference("lasting")] };
  const second = { ...seen, differences: [difference("lasting"), difference("new"), difference("lasting")] };
  expect(makeReport(5, first, second)).toEqual({
    atMs: 5,
    ok: false,
    components: 1,
    differences: [difference("lasting")],
    more: 0,
    failure: null,
  });
});

test("[K8] who ended meanwhile was not seen, so that not everything is well", () => {
  const first = { ...seen, differences: [] };
  expect(makeReport(5, first, first)).toMatchObject({ ok: true, failure: null });
  const report = makeReport(5, first, { ...first, seen: [], gone: ["climate"] });
  expect(report).toMatchObject({ ok: false, failure: "these ended meanwhile: climate" });
});

test("[K8] whatever was found fits a state: at most 50 differences, the rest counted, texts cut", () => {
  const many = Array.from({ length: 70 }, (_, index) =>
    difference(`${index} ${"x".repeat(500)}`, { component: "c".repeat(99), found: "y".repeat(9_999) }),
  );
  const report = makeReport(5, { ...seen, differences: many }, { ...seen, differences: many });
  expect(verificationSchema.safeParse(report).success).toBe(true);
  expect(report).toMatchObject({ more: 20 });
  expect(JSON.stringify(report).length).toBeLessThan(40_000);
});

test("[K8] a descriptor that is moved about, and a forbidden socket that is made anew, are seen twice all the same", () => {
  const seenWith = (fd: number, port: string) => ({
    ...seen,
    differences: [
      difference("descriptors of x (7)", { found: `${fd} is socket:[5]: held by a process outside of it` }),
      difference("sockets", { found: `udp6 ${port}` }),
    ],
  });
  expect(makeReport(5, seenWith(9, ":1"), seenWith(10, ":2")).differences).toHaveLength(2);
});

test("[K8] a component that makes a hundred differences does not hide what is wrong with others", () => {
  const flood = Array.from({ length: 100 }, (_, index) => difference(`sockets ${index}`));
  const look = { ...seen, differences: [...flood, difference("the uplink", { component: "board" })] };
  const { differences, more } = makeReport(5, look, look);
  expect(differences[1]).toMatchObject({ component: "board", what: "the uplink" });
  expect([differences.length, more]).toEqual([50, 51]);
});
