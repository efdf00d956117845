import type { ComponentStatus } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { heldLayers, type Level, lowerings, missingLayers, reducedComponents } from "./level.ts";

const full: Level = {
  uid: "own",
  namespaces: ["mount", "pid"],
  capabilities: "0000000000000000",
  seccomp: true,
  noNewPrivileges: true,
  cgroup: "v2",
  cores: "not-asked",
  deadline: "applied",
  missing: [],
};

test("[K7] every layer that holds is named", () => {
  expect(heldLayers(full)).toEqual([
    "own uid",
    "namespaces mount, pid",
    "no capabilities",
    "seccomp filter",
    "no new privileges",
    "control group v2",
    "deadline scheduling",
  ]);
});

test("[K7] a layer that does not hold is not named, and capabilities are never called none", () => {
  const bare: Level = {
    ...full,
    uid: "shared",
    namespaces: [],
    capabilities: "0000000000001000",
    seccomp: false,
    noNewPrivileges: false,
    cgroup: "none",
    deadline: "unavailable",
  };
  expect(heldLayers(bare)).toEqual(["capabilities 0x1000"]);
});

test("[M25] components are reduced where a layer is missing, not where they do not run", () => {
  const component = (name: string, level: Level | null): ComponentStatus => ({
    name,
    role: "application",
    state: "ready",
    incarnation: 1,
    restarts: 0,
    pid: 1,
    lastReason: null,
    level,
  });
  const reduced = [
    component("b", { ...full, missing: ["own uid"] }),
    component("d", { ...full, missing: ["own uid", "control group"] }),
  ];
  expect(reducedComponents([component("a", full), ...reduced, component("c", null)])).toEqual(reduced);
  expect(missingLayers(reduced)).toEqual(["own uid", "control group"]);
});

test("[K11] a driver that writes attributes in sysfs is at a lower level, though no layer is missing", () => {
  expect(lowerings(full)).toEqual([]);
  expect(lowerings({ ...full, writesSysfs: true })).toEqual(["writes sysfs"]);
});
