import { describe, expect, test } from "vitest";
import { canHaveUid, parseUidMap } from "./host.ts";
import { exitStatus } from "./launch.ts";
import { hasWritableSysfs, memberVersion, parseStatus } from "./level.ts";
import { parseLibraries } from "./libraries.ts";

describe("[K7] reading the kernel's words", () => {
  test("a map of one uid gives none away", () => {
    expect(parseUidMap("         0      65534          1\n")).toEqual([]);
  });

  test("a range is given away, but never 0", () => {
    const uids = parseUidMap("         0       1000          1\n         1     100000      65536\n");
    expect([0, 1, 65_536, 65_537].map((uid) => canHaveUid(uids, uid))).toEqual([false, true, true, false]);
  });

  test("a uid that differs in one of the four is no uid", () => {
    const status = (uid: string, nnp = "1") =>
      `Uid:\t${uid}\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t1000\nCapAmb:\t0\nNoNewPrivs:\t${nnp}\nSeccomp:\t2\n`;
    expect(parseStatus(status("7\t7\t7\t7"))).toEqual({
      uid: 7,
      capabilities: 0x1000n,
      seccomp: true,
      noNewPrivileges: true,
    });
    expect(parseStatus(status("7\t7\t0\t7")).uid).toBeNaN();
  });

  test("sysfs is writable where a mount of it is, whatever the file system itself says", () => {
    const line = (options: string, type = "sysfs") =>
      `36 35 0:21 /devices/it /run/devices/it ${options} - ${type} ${type} rw\n`;
    expect(hasWritableSysfs(line("ro,nosuid,nodev") + line("rw,nosuid,nodev", "tmpfs"))).toBe(false);
    expect(hasWritableSysfs(line("ro,nosuid,nodev") + line("rw,nosuid,nodev"))).toBe(true);
  });

  test("membership counts only with every controller in our group", () => {
    const v1 = { version: "v1", mounts: { memory: "/m", pids: "/p", cpu: "/c", cpuacct: null } } as const;
    const all = "8:pids:/bulkhead/i/c\n4:memory:/bulkhead/i/c\n1:cpu,cpuacct:/bulkhead/i/c\n0::/\n";
    expect(memberVersion(all, "i/c", v1)).toBe("v1");
    expect(memberVersion(all.replace("memory:/bulkhead/i/c", "memory:/"), "i/c", v1)).toBe("none");
    expect(memberVersion(all, "i/other", v1)).toBe("none");
    expect(memberVersion("0::/bulkhead/i/c\n", "i/c", { version: "v2", mount: "/m" })).toBe("v2");
    expect(memberVersion("0::/\n", "i/c", { version: "v2", mount: "/m" })).toBe("none");
  });

  test("ldd's list is read with and without names, and a missing library is said", () => {
    const text =
      "\tlinux-vdso.so.1 (0x1f)\n\tlibc.so.6 => /lib/x/libc.so.6 (0x1f)\n\t/lib64/ld-linux-x86-64.so.2 (0x2e)\n";
    expect(parseLibraries(text, "node")).toEqual(["/lib/x/libc.so.6", "/lib64/ld-linux-x86-64.so.2"]);
    expect(() => parseLibraries("\tlibfoo.so => not found\n", "node")).toThrow(/libfoo/);
  });

  test("an exit code above 128 is the signal that ended the component", () => {
    expect(exitStatus(137, null)).toEqual({ code: null, signal: "SIGKILL" });
    expect(exitStatus(7, null)).toEqual({ code: 7, signal: null });
    expect(exitStatus(null, "SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
    expect(exitStatus(255, null)).toEqual({ code: 255, signal: null });
  });
});
