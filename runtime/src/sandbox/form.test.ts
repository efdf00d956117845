import type { Level } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import { chooseForm, foreseeMissing, refuseForeseen, refuseGaps } from "./form.ts";
import type { HostCapabilities } from "./host.ts";
import type { SandboxSpec } from "./spec.ts";

const host: HostCapabilities = {
  root: true,
  uids: [{ first: 0, count: 4294967295 }],
  userNamespaces: true,
  seccomp: true,
  cgroup: { version: "v2", mount: "/sys/fs/cgroup" },
  deadline: "unavailable",
  exclusiveCores: false,
  bubblewrapVersion: "0.8.0",
  reasons: [],
  layers: [],
};

const spec: SandboxSpec = {
  name: "probe",
  uid: 10_001,
  command: ["/bin/true"],
  environment: {},
  mounts: [],
  networkNamespace: null,
  capabilities: [],
  limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 100 } },
  cgroup: "i/probe",
  stdout: 1,
  requires: [],
};

const full: Level = {
  uid: "own",
  namespaces: ["mount", "pid", "ipc", "uts", "net", "user"],
  capabilities: "0000000000000000",
  seccomp: true,
  noNewPrivileges: true,
  cgroup: "v2",
  cores: "not-asked",
  deadline: "not-asked",
  missing: [],
};

describe("[K7] the form of a sandbox", () => {
  test("has a user namespace of its own wherever that can be", () => {
    expect(chooseForm(spec, host)).toBe("own-userns");
    expect(chooseForm(spec, { ...host, userNamespaces: false })).toBe("board-userns");
    expect(chooseForm({ ...spec, capabilities: ["net_admin"] }, host)).toBe("board-userns");
  });

  test("is refused where its uid is not the caller's to give", () => {
    expect(() => chooseForm(spec, { ...host, uids: [] })).toThrow(
      expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
    );
    expect(() => chooseForm({ ...spec, uid: 0 }, host)).toThrow(
      expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
    );
  });

  test("needs root for what only root can make", () => {
    const user = { ...host, root: false, uids: [] };
    const networked = { ...spec, uid: null, capabilities: ["net_admin"] } as const;
    expect(() => chooseForm(networked, user)).toThrow(expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }));
    expect(chooseForm({ ...spec, uid: null }, user)).toBe("own-userns");
  });
});

describe("[K7] what a manifest requires", () => {
  const weak = { ...host, uids: [], seccomp: false, cgroup: { version: "none", reason: "test" } } as const;
  const deadline = { class: "deadline", budgetUs: 1, periodUs: 2 } as const;

  test.each([
    ["own-uid", { ...spec, uid: null }],
    ["seccomp", { ...spec, uid: null }],
    ["cgroup", { ...spec, uid: null }],
    ["deadline", { ...spec, uid: null, limits: { ...spec.limits, cpu: deadline } }],
    ["cores", { ...spec, uid: null, limits: { ...spec.limits, cores: [0] } }],
  ] as const)("%s is not run without", (layer, without) => {
    expect(() => refuseForeseen(without, weak)).not.toThrow();
    expect(() => refuseForeseen({ ...without, requires: [layer] }, weak)).toThrow(
      expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }),
    );
  });

  test("is judged again by what the kernel says after the start", () => {
    expect(() =>
      refuseGaps({ ...spec, requires: ["own-uid", "namespaces", "seccomp", "cgroup"] }, host, full),
    ).not.toThrow();
    const gap = { ...full, missing: ["pid namespace"] };
    expect(() => refuseGaps({ ...spec, requires: ["namespaces"] }, host, gap)).toThrow(/pid namespace/);
  });

  test.each([
    "seccomp filter",
    "control group",
    "capability limits",
    "no_new_privs",
    "user namespace",
    "net namespace",
  ])("does not have to say so: %s never goes missing where the host has it", (layer) => {
    const gap = { ...full, missing: [layer] };
    expect(() => refuseGaps(spec, host, gap)).toThrow(expect.objectContaining({ code: "SANDBOX_UNAVAILABLE" }));
  });

  test("what is foreseen to be missing is said, not refused", () => {
    expect(foreseeMissing({ ...spec, uid: null }, weak)).toEqual(["own uid", "seccomp filter", "control group"]);
  });
});

describe("[K20] cores and deadlines", () => {
  const cpu = { class: "deadline", budgetUs: 1, periodUs: 2 } as const;
  const able = {
    ...host,
    cgroup: { version: "v2", mount: "/sys/fs/cgroup", cpuset: true },
    deadline: "available",
  } as const;
  const foresee = (limits: object, on: HostCapabilities) =>
    foreseeMissing({ ...spec, limits: { ...spec.limits, ...limits } }, on);

  test("cores can be had where control groups have them to give", () => {
    expect(foresee({ cores: [1] }, able)).toEqual([]);
    expect(foresee({ cores: [1] }, host)).toEqual(["placement on cores"]);
    expect(foresee({ cores: [] }, host)).toEqual([]);
  });

  test("a deadline holds on all cores, or on cores of the component's own", () => {
    expect(foresee({ cpu }, able)).toEqual([]);
    expect(foresee({ cpu }, host)).toEqual(["deadline scheduling"]);
    expect(foresee({ cpu, cores: [1] }, able)).toEqual(["placement on cores", "deadline scheduling"]);
    expect(foresee({ cpu, cores: [1] }, { ...able, exclusiveCores: true })).toEqual([]);
  });
});
