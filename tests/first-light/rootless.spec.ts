/** The ordinary user's way: the whole proof by somebody who is not root, from a checkout that he cannot write. */
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bulkheadDirectory } from "../../studio/src/locations.ts";
import type { ProofResult } from "./proof.ts";

/** `nobody`: has a line in /etc/passwd everywhere, and a range in /etc/subuid nowhere. */
const uid = 65_534;

/**
 * In a mount namespace of its own: the checkout, read-only, where everybody can reach it, and /dev/net/tun with the mode
 * given ($1; udev gives 0666). Then the user, without a privilege or a variable of ours.
 */
const becomeUser = `mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/checkout && mount --bind "$2" /mnt/checkout && mount -o remount,bind,ro /mnt/checkout
mknod -m "$1" /mnt/tun c 10 200 && mount --bind /mnt/tun /dev/net/tun
home=$3; shift 3; cd /mnt/checkout
exec setpriv --reuid ${uid} --regid ${uid} --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME="$home" "$@"`;

/** What a machine does that forbids user namespaces; the privilege to say so is gone before the program starts. */
const forbidNamespaces = [
  ...["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-ec"],
  'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --inh-caps=-all --ambient-caps=-all "$@"',
  "sh",
];

let home: string;

async function asUser(
  program: string,
  options: { args?: string[]; tunMode?: string; before?: string[] },
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { args = [], tunMode = "0666", before = [] } = options;
  const node = join("/mnt/checkout", relative(bulkheadDirectory, process.execPath));
  const command = [...before, node, program, ...args];
  const shell = ["sh", "-ec", becomeUser, "sh", tunMode, bulkheadDirectory, home, ...command];
  const { exitCode, stdout, stderr } = await execa("unshare", ["--mount", "--propagation", "private", ...shell], {
    reject: false,
    stdin: "ignore",
  });
  return { exitCode, stdout, stderr };
}

const check = "tests/first-light/check.ts";

describe.runIf(process.getuid?.() === 0)("[S5] an ordinary user", () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "bulkhead-home-"));
    await chown(home, uid, uid);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it("runs the whole system, which proves everything with the layers that he can have", async () => {
    const { exitCode, stdout, stderr } = await asUser(check, { args: ["--check", "--json", "--name", "rootless"] });
    const { results }: { results: ProofResult[] } = JSON.parse(stdout.split("\n").at(-1) ?? "");
    expect(results.flatMap(({ facts }) => facts).filter(({ holds }) => !holds)).toEqual([]);
    // The sandboxes, and the limits that the KMS shows.
    expect(results.filter(({ outcome }) => outcome === "reduced").map(({ number }) => number)).toEqual([2, 6]);
    const reduced = results[1]?.facts.filter((fact) => fact.reduced).map(({ text }) => text);
    expect(reduced).toEqual([
      expect.stringMatching(/one uid for all.*uidmap/),
      expect.stringMatching(/no control group/),
    ]);
    expect([exitCode, stderr]).toEqual([0, expect.anything()]);
  }, 240_000);

  it("is told in one sentence where the tunnel's device is closed to him", async () => {
    const { exitCode, stderr } = await asUser(check, { args: ["--check", "--name", "rootless"], tunMode: "0600" });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^MISSING_PRIVILEGE: \/dev\/net\/tun.*cannot be opened by this user\n {2}→ .*chmod 0666.*$/);
  });

  it("is told in one sentence where he may make no user namespaces", async () => {
    const { exitCode, stderr } = await asUser("scripts/start.mjs", { before: forbidNamespaces });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^An ordinary user may not make user namespaces.*sysctl -w user\.max_user_namespaces=\d+`\.$/,
    );
  });
});
