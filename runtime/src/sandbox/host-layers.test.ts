import { expect, test } from "vitest";
import type { HostCapabilities } from "./host.ts";
import { describeLayers, type KernelFacts, readKernel } from "./host-layers.ts";

const full: Omit<HostCapabilities, "layers" | "reasons"> = {
  root: true,
  uids: [{ first: 0, count: 65_536 }],
  userNamespaces: true,
  seccomp: true,
  cgroup: { version: "v2", mount: "/cg", cpuset: true },
  deadline: "available",
  exclusiveCores: true,
  bubblewrapVersion: "0.8.0",
};
const kernel: KernelFacts = { namespaces: ["mnt", "pid"], landlock: 7, release: "6.18.0" };
const stateOf = (host: Partial<typeof full>, layer: string, facts: Partial<KernelFacts> = {}) =>
  describeLayers({ ...full, ...host }, { ...kernel, ...facts }).find((one) => one.layer === layer);

test("[K8] a host with everything uses everything, but Landlock", () => {
  const layers = describeLayers(full, kernel);
  expect(layers.filter(({ state }) => state !== "used")).toEqual([
    { layer: "Landlock", state: "unused", detail: "ABI 7; the sandbox denies already what it would" },
  ]);
});

test.each<[string, Partial<typeof full>]>([
  ["own uid", { uids: [] }],
  ["user namespace", { userNamespaces: false }],
  ["seccomp", { seccomp: false }],
  ["control groups", { cgroup: { version: "none", reason: "none is mounted" } }],
  ["placement on cores", { cgroup: { version: "v2", mount: "/cg" } }],
  ["deadline scheduling", { deadline: "unavailable" }],
])("[K8] %s that is not there is said to be missing", (layer, host) => {
  expect(stateOf({}, layer)).toMatchObject({ state: "used" });
  expect(stateOf(host, layer)).toMatchObject({ state: "missing" });
});

test("[K8] Landlock is missing where the kernel has none, or nobody can ask", () => {
  expect(stateOf({}, "Landlock", { landlock: 0 })).toMatchObject({
    state: "missing",
    detail: expect.stringMatching(/not in this kernel/),
  });
  expect(stateOf({}, "Landlock", { landlock: null })).toMatchObject({
    state: "missing",
    detail: expect.stringMatching(/not known/),
  });
});

test("[K8] the kernel is asked, not assumed", async () => {
  const facts = await readKernel();
  expect(facts.namespaces).toEqual(expect.arrayContaining(["mnt", "pid", "net"]));
  expect(facts.landlock === null || facts.landlock >= 0).toBe(true);
});
