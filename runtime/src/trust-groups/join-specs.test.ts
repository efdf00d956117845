import type { System } from "@bulkhead/protocol";
import { plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import { expect, test } from "vitest";
import type { SandboxSpec } from "../sandbox/index.ts";
import { joinSpecs } from "./join-specs.ts";
import { leaderOf, membersOf, sharedUids, withSharedStorage } from "./members.ts";

const ro = (target: string, source = "/x") => ({ kind: "ro" as const, source, target });
const spec = (name: string): SandboxSpec => ({
  ...{ name, uid: 700_001, command: ["/node/bin/node", "main.js"], environment: {}, networkNamespace: null },
  ...{ capabilities: [], cgroup: `one/${name}`, stdout: 5, requires: [] },
  mounts: [
    ro("/node/bin/node"),
    ro("/app", `/bundles/${name}`),
    ro("/run/ipc/uses/next", `/ipc/${name}`),
    ro(`/run/ipc/provides/x.${name}`),
    ro("/data", `/storage/${name}`),
  ],
  limits: { memoryBytes: 10, processes: 32, cpu: plainComponent().cpu },
});

test("[K10] the sandbox of a group has what each member has, in its own place, and of what they share one", () => {
  const joined = joinSpecs([spec("a"), spec("b")], [5, 6], 21);
  expect(joined).toMatchObject({ name: "a", cgroup: "one/a", stdout: 5, outputs: [5, 6], limits: { memoryBytes: 21 } });
  expect(joined.command).toEqual(["/node/bin/node", "main.js", "a", "b"]);
  expect(joined.mounts.map(({ target }) => target).sort()).toEqual([
    "/data",
    "/members/a/app",
    "/members/a/run/ipc/uses/next",
    "/members/b/app",
    "/members/b/run/ipc/uses/next",
    "/node/bin/node",
    "/run/ipc/provides/x.a",
    "/run/ipc/provides/x.b",
  ]);
  expect(joined.mounts).toContainEqual(ro("/data", "/storage/a"));
  expect(joined.mounts).toContainEqual(ro("/members/b/run/ipc/uses/next", "/ipc/b"));
});

test("[K10] a group goes by its first member's name, whose uid and storage are all members'", () => {
  const storage = { ...plainComponent().storage, quotaBytes: 4096 };
  const member = plainComponent({ trustGroup: "pair", storage });
  const system: System = plainSystem({ components: { z: member, b: member, alone: plainComponent({ storage }) } });
  expect(membersOf(system, "z")).toEqual(["b", "z"]);
  expect([leaderOf(system, "z"), leaderOf(system, "b"), leaderOf(system, "alone")]).toEqual(["b", "b", "alone"]);
  const uidOf = sharedUids(system, (name) => name.charCodeAt(0));
  expect([uidOf("z"), uidOf("b"), uidOf("alone"), uidOf("key-store")]).toEqual([98, 98, 97, 107]);
  const quotas = Object.entries(withSharedStorage(system)).map(([name, one]) => [name, one.storage.quotaBytes]);
  expect(Object.fromEntries(quotas)).toEqual({ z: 0, b: 4096, alone: 4096 });
});
