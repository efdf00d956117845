/** What an engineer looks for first in a base system: ways in, and what it leaves open. Held for the files that we lay over the packages'. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readBoards } from "../board.ts";
import { recipeDir } from "../places.ts";

const root = join(recipeDir, "root");
const lines = (path: string) =>
  readFileSync(join(root, path), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

test("[K18] nobody can log in: each account's password is locked, and its shell is none", () => {
  const accounts = lines("etc/passwd").map((line) => line.split(":"));
  expect(accounts.map(([name]) => name)).toEqual(["root", "nobody"]);
  for (const [name, password, , , , , shell] of accounts) {
    expect([name, password, shell]).toEqual([name, "x", "/usr/sbin/nologin"]);
    const kept = lines("etc/shadow").filter((line) => line.startsWith(`${name}:`));
    expect(kept.map((line) => line.split(":")[1])).toEqual(["!*"]);
  }
});

test("[K18] what a board writes to makes no device and nobody root; what only programs put there runs nothing", () => {
  const mounts = lines("etc/fstab").map((line) => line.split(/\s+/));
  for (const [, , , options = ""] of mounts)
    expect(options.split(",")).toEqual(expect.arrayContaining(["nodev", "nosuid"]));
  const runs = mounts.flatMap(([, place, , options = ""]) => (options.split(",").includes("noexec") ? [] : [place]));
  // Programs of components lie there.
  expect(runs).toEqual(["/data"]);
});

test("[K18] no image has a name of its own, a host key, or a unit that is a way in", () => {
  const files = readdirSync(root, { recursive: true }).map(String);
  expect(readFileSync(join(root, "etc/machine-id"), "utf8")).toBe("");
  expect(files.filter((file) => /ssh|authorized|\.pem$|\.key$|getty|debug-shell/.test(file))).toEqual([]);
  const { mask, system } = parse(readFileSync(join(recipeDir, "packages.yaml"), "utf8")) as {
    mask: string[];
    system: { packages: string[] };
  };
  expect(mask).toEqual(expect.arrayContaining(["ctrl-alt-del.target", "emergency.service", "rescue.service"]));
  expect(system.packages.filter((name) => /ssh|telnet|login|sudo|gdb|strace|tcpdump|apt|curl/.test(name))).toEqual([]);
});

test("[K18] the kernel's memory and a process's go to no file, and a disk that is plugged in is none", () => {
  const settings = lines("usr/lib/sysctl.d/90-bulkhead.conf").map((line) => line.replace(/^-/, "").split(" = "));
  for (const [name, value] of settings)
    expect([name, value]).toEqual([expect.stringMatching(/^(kernel|fs|net)\./), expect.stringMatching(/^\d$/)]);
  expect(Object.fromEntries(settings)).toMatchObject({
    ...{
      "kernel.dmesg_restrict": "1",
      "kernel.kptr_restrict": "2",
      "kernel.kexec_load_disabled": "1",
      "kernel.sysrq": "0",
    },
    ...{ "fs.suid_dumpable": "0", "fs.protected_symlinks": "1", "fs.protected_hardlinks": "1" },
  });
  expect(lines("usr/lib/systemd/system.conf.d/bulkhead.conf")).toContain("DefaultLimitCORE=0");
  expect(lines("usr/lib/modprobe.d/bulkhead.conf")).toEqual(
    ["usb_storage", "uas"].map((name) => `install ${name} /usr/bin/false`),
  );
  // Else the board's own disk would be refused.
  expect(
    readBoards()
      .flatMap(({ image }) => image?.modules ?? [])
      .filter((name) => /usb_storage|uas/.test(name)),
  ).toEqual([]);
});

test("[K18] no board's kernel is told to debug, to trust less, or to start something else", () => {
  const options = readBoards().flatMap(({ image }) => image?.["kernel-options"] ?? []);
  expect(
    options.filter((word) => /debug|^init=|^rd\.|selinux=0|mitigations=off|nokaslr|systemd\.unit|^single$/.test(word)),
  ).toEqual([]);
});
