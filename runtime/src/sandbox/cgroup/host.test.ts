import { expect, test } from "vitest";
import { groupDirectories, parseMountInfo } from "./host.ts";

test("[K8] a mount table is read with optional fields and escaped characters", () => {
  const text = [
    "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate",
    "33 24 0:29 / /mnt/with\\040space rw - cgroup cgroup rw,cpu,cpuacct",
    "",
    "garbage",
  ].join("\n");
  expect(parseMountInfo(text)).toEqual([
    { mountPoint: "/sys/fs/cgroup", type: "cgroup2", options: ["rw", "nsdelegate"] },
    { mountPoint: "/mnt/with space", type: "cgroup", options: ["rw", "cpu", "cpuacct"] },
  ]);
});

test("[K8] a hierarchy that two controllers share has one directory", () => {
  const mounts = { memory: "/cg/memory", pids: "/cg/pids", cpu: "/cg/cpu,cpuacct", cpuacct: "/cg/cpu,cpuacct" };
  expect(groupDirectories({ version: "v1", mounts }, "i/c")).toEqual([
    "/cg/memory/bulkhead/i/c",
    "/cg/pids/bulkhead/i/c",
    "/cg/cpu,cpuacct/bulkhead/i/c",
  ]);
  expect(groupDirectories({ version: "v2", mount: "/cg" }, "i/c")).toEqual(["/cg/bulkhead/i/c"]);
  expect(groupDirectories({ version: "none", reason: "none" }, "i/c")).toEqual([]);
});
