import type { ComponentResources } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { formatResources } from "./format-resources.ts";

const nowMs = 1_800_000_000_000;
const mebi = 1024 ** 2;
const climate: ComponentResources = {
  name: "climate",
  declared: { memoryBytes: 48 * mebi, cpu: "2 ms in every 50 ms", processes: 16, openFiles: 256 },
  enforced: { memoryBytes: 48 * mebi, cpuWeight: 100, cpuQuotaPercent: 25, processes: 16 },
  used: { memoryBytes: 21.5 * mebi, cpuUs: 1_234_567, processes: 11, openFiles: 21 },
};
const show = (cgroup: "v2" | "none", ...components: ComponentResources[]) =>
  formatResources({ resources: { cgroup, components }, receivedAtMs: nowMs - 4000 }, nowMs).split("\n");

test("[K6] [K21] a component's use stands beside what is enforced and what is declared", () => {
  expect(show("v2", climate)).toEqual([
    "resources, reported 4 s ago",
    "COMPONENT  MEMORY    LIMIT   DECLARED  CPU TIME  CPU SHARE                                                           PROCESSES  FILES",
    "climate    21.5 MiB  48 MiB  48 MiB    1.23 s    weight 100, at most 25 % of a core (declared: 2 ms in every 50 ms)  11 of 16   21 of 256",
  ]);
});

test("[K8] what the kernel does not enforce is said, never taken from the manifest", () => {
  const free = { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null };
  const unknown = { memoryBytes: null, cpuUs: null, processes: null, openFiles: null };
  const lines = show("none", { ...climate, enforced: free, used: unknown });
  expect(lines[1]).toBe("no limit is enforced: the device has no control groups");
  expect(lines[3]).toMatch(
    /^climate +- +not enforced +48 MiB +- +not enforced \(declared: .*\) +- of not enforced +- of 256$/,
  );
  const loose = { ...climate, enforced: { ...climate.enforced, memoryBytes: 64 * mebi } };
  expect(show("v2", loose)[2]).toMatch(/ 64 MiB \(!\) +48 MiB /);
});

test("[K8] a component that was not started yet when the device looked is not said to be without limits", () => {
  const none = { memoryBytes: null, cpuWeight: null, cpuQuotaPercent: null, processes: null };
  const unknown = { memoryBytes: null, cpuUs: null, processes: null, openFiles: null };
  const before = { ...climate, enforced: none, used: unknown };
  // Its group is there, the limits and the process are not.
  const building = { ...climate, enforced: none, used: { memoryBytes: 0, cpuUs: 0, processes: 0, openFiles: null } };
  for (const line of show("v2", before, building).slice(2)) {
    expect(line).toMatch(
      /^climate +- +not running +48 MiB +- +not running \(declared: .*\) +not running +not running$/,
    );
  }
  const running = { ...building, used: { ...climate.used } };
  expect(show("v2", running)[2]).toMatch(/not enforced +48 MiB/);
});

test("[K21] words of a device cannot steer the terminal, and a device without a report is said to have none", () => {
  const sly = { ...climate, declared: { ...climate.declared, cpu: "\u001b[2J" } };
  expect(show("v2", sly).join()).not.toContain("\u001b");
  expect(formatResources({ resources: null, receivedAtMs: null }, nowMs)).toContain("not reported");
});
