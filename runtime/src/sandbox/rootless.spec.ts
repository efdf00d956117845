/** The same sandbox for an ordinary user: uid 0 of a user namespace, with one uid or with a range. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";

const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
/** uid 0 of a user namespace that maps nobody else, with pid and mount namespaces as a device has them. */
const unshare = "unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc".split(" ");
const holder = join(import.meta.dirname, "testing/holder.ts");
const layers = { seccomp: true, noNewPrivileges: true, capabilities: "0000000000000000", cgroup: "none" };

describe("[K7] an ordinary user with one uid", () => {
  test("gets every layer but own uids and control groups, and is told so", async () => {
    const { stdout } = await execa("setpriv", [...nobody, ...unshare, process.execPath, holder, "null"], { input: "" });
    const found = JSON.parse(stdout);
    expect(found.host).toMatchObject({ root: true, uids: [], userNamespaces: true, cgroup: { version: "none" } });
    expect(found.host.reasons.join("; ")).toMatch(/one uid for all components.*no control groups/);
    expect(found.level).toEqual({
      ...layers,
      uid: "shared",
      namespaces: ["mount", "pid", "ipc", "uts", "net", "user"],
      cores: "not-asked",
      deadline: "not-asked",
      missing: ["own uid", "control group"],
    });
    expectIsolated(found.answers);
    expect(found.answers.identity.uid).toBe(1000);
  });

  test("gets exactly the one capability that a component is given, and no way to another", async () => {
    const command = [...nobody, ...unshare, process.execPath, holder, "null", "net_admin"];
    const found = JSON.parse((await execa("setpriv", command, { input: "" })).stdout);
    expect(found.error).toBeUndefined();
    expect(found.level).toMatchObject({ ...layers, uid: "shared", capabilities: "0000000000001000" });
    expect(found.level.missing).toEqual(["own uid", "control group"]);
    expect(found.answers.rootWrite?.code).toBe("EROFS");
  });

  test("is refused an own uid with a reason", async () => {
    const { stdout } = await execa("setpriv", [...nobody, ...unshare, process.execPath, holder, "10101"], {
      input: "",
      reject: false,
    });
    expect(JSON.parse(stdout).error.code).toBe("SANDBOX_UNAVAILABLE");
  });
});

test("[K7] a user with a range of uids gives each component its own", async () => {
  // As newuidmap does it for a user with a line in /etc/subuid: the map is written from outside, then uid 0 is taken.
  const inside = `read go; exec setpriv --reuid 0 --regid 0 --clear-groups sh -c 'mount -t proc proc /proc && exec "$@" </dev/null' sh "$@"`;
  const command = [process.execPath, holder, "20001"];
  const flags = ["--user", "--keep-caps", "--mount", "--pid", "--fork", "--kill-child"];
  const child = execa("unshare", [...flags, "sh", "-c", inside, "sh", ...command]);
  const isInside = async () => (await execa("readlink", [`/proc/${child.pid}/ns/user`])).stdout !== own;
  const own = (await execa("readlink", ["/proc/self/ns/user"])).stdout;
  await expect.poll(isInside).toBe(true);
  await writeFile(`/proc/${child.pid}/uid_map`, "0 300000 65536");
  await writeFile(`/proc/${child.pid}/gid_map`, "0 300000 65536");
  child.stdin.end("\n");
  const found = JSON.parse((await child).stdout);
  expect(found.host).toMatchObject({ root: true, uids: [{ first: 0, count: 65_536 }], userNamespaces: true });
  expect(found.level).toMatchObject({ ...layers, uid: "own", missing: ["control group"] });
  expectIsolated(found.answers);
  expect(found.answers.identity.uid).toBe(20_001);
});

function expectIsolated(answers: Record<string, { code?: string; value?: string[] }>) {
  expect(answers["processes"]?.value?.filter((name) => /^\d+$/.test(name))).toEqual(["1", "2"]);
  expect(answers["rootWrite"]?.code).toBe("EROFS");
  expect(answers["passwd"]?.code).toBe("ENOENT");
  expect(answers["outside"]?.code).toBe("ENETUNREACH");
  expect(answers["spawn"]?.code).toBe("EPERM");
}
