import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandLine, setprivInside } from "./bubblewrap.ts";
import type { Mount, SandboxSpec } from "./spec.ts";

describe("[K7] the command line of a sandbox", () => {
  const spec: SandboxSpec = {
    name: "probe",
    uid: 10_001,
    command: ["/node/bin/node", "/app/main.js"],
    environment: { TOKENLESS: "yes" },
    mounts: [],
    networkNamespace: null,
    capabilities: [],
    limits: { memoryBytes: 1, processes: 1, cpu: { class: "fair", weight: 100 } },
    cgroup: "i/probe",
    stdout: 1,
    requires: [],
  };

  test("says nothing about host and environment where the component can read it", () => {
    const { argv } = commandLine(
      { ...spec, mounts: [{ kind: "ro", source: "/secret/place", target: "/app" }] },
      "own-userns",
      true,
    );
    expect(argv.join(" ")).not.toMatch(/secret|TOKENLESS/);
  });

  test("enters a network namespace before the privilege to do so is gone", () => {
    const { argv, options } = commandLine({ ...spec, networkNamespace: "/run/netns/c-probe" }, "own-userns", true);
    expect(argv.slice(0, 4)).toEqual(["nsenter", "--net=/run/netns/c-probe", "--", "setpriv"]);
    expect(options).not.toContain("--unshare-net");
  });

  test.each([10_001, null])("gives away inside what no user namespace holds back (uid %s)", (uid) => {
    const { argv, options } = commandLine({ ...spec, uid, capabilities: ["net_admin"] }, "board-userns", true);
    const only = "-all,+net_admin";
    expect(argv).toEqual(expect.arrayContaining([setprivInside, `--bounding-set=${only}`, `--ambient-caps=${only}`]));
    expect(argv.includes("--reuid")).toBe(uid !== null);
    expect(options.filter((option) => option.startsWith("CAP_"))).toEqual(
      uid === null ? ["CAP_SETPCAP", "CAP_NET_ADMIN"] : ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_NET_ADMIN"],
    );
  });

  test("orders mounts so that none hides another, whatever order they come in", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 8 }), (targets) => {
        const mounts = targets.map((target): Mount => ({ kind: "ro", source: "/x", target }));
        const { options } = commandLine({ ...spec, mounts }, "own-userns", true);
        for (const outer of targets) {
          for (const inner of targets) {
            if (!inner.startsWith(`${outer}/`)) continue;
            expect(options.lastIndexOf(outer)).toBeLessThan(options.lastIndexOf(inner));
          }
        }
      }),
    );
  });

  test("refuses two mounts at one place", () => {
    const mounts: Mount[] = [1, 2].map((n) => ({ kind: "ro", source: `/${n}`, target: "/app" }));
    expect(() => commandLine({ ...spec, mounts }, "own-userns", true)).toThrow(
      expect.objectContaining({ code: "COMPONENT_START_FAILED" }),
    );
  });

  test("closes the root and the devices after the last mount", () => {
    const { options } = commandLine(spec, "own-userns", true);
    expect(options.slice(-4)).toEqual(["--remount-ro", "/dev", "--remount-ro", "/"]);
  });
});
