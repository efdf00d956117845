/** Attributes of sysfs in a real sandbox: those that are given can be written, what stands beside them cannot, and the level says so. Needs root. */
import { chown, stat } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Mount } from "../../sandbox/index.ts";
import { type Bench, openBench } from "../../sandbox/testing/harness.ts";

/** A device that every kernel has, /dev/null; how it saves power is nothing that anybody depends on. */
const device = "/sys/devices/virtual/mem/null";
const attribute = `${device}/power/control`;
const inside = "/run/devices/it";

let bench: Bench;
let owner: { uid: number; gid: number };
beforeAll(async () => {
  bench = await openBench();
  owner = await stat(attribute);
  await chown(attribute, 10_101, 10_101);
});
afterAll(async () => {
  await chown(attribute, owner.uid, owner.gid);
  await bench.close();
});

test("[K11] a driver writes the attribute that is its own, and of the same directory no other; its level says that it writes", async () => {
  const directory: Mount = { kind: "ro", source: device, target: inside };
  const own: Mount = { kind: "rw", source: attribute, target: `${inside}/power/control` };
  const { sandbox, ask } = await bench.probe({ mounts: [directory, own], cgroup: `${bench.instance}/writes` });
  expect(sandbox.level).toMatchObject({ writesSysfs: true, missing: [] });
  // What the probe writes is no value of it: that answer is the attribute's own.
  expect(await ask({ probe: "write", path: `${inside}/power/control` })).toEqual({ ok: false, code: "EINVAL" });
  expect(await ask({ probe: "write", path: `${inside}/uevent` })).toEqual({ ok: false, code: "EROFS" });
  expect(await ask({ probe: "read", path: `${inside}/dev` })).toEqual({ ok: true, value: "1:3\n" });
  expect(await ask({ probe: "list", path: "/sys" })).toEqual({ ok: false, code: "ENOENT" });
});

test("[K11] who only reads attributes is at no lower level, and writes none", async () => {
  const directory: Mount = { kind: "ro", source: device, target: inside };
  const { sandbox, ask } = await bench.probe({ mounts: [directory], cgroup: `${bench.instance}/reads` });
  expect(sandbox.level.writesSysfs).toBe(undefined);
  expect(await ask({ probe: "write", path: `${inside}/power/control` })).toEqual({ ok: false, code: "EROFS" });
});
