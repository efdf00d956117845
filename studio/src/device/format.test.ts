import type { Device } from "@bulkhead/kms";
import type { ComponentStatus, DeviceStatus, GatewayStatus, Level } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { formatComponents, formatDevice, formatDevices, formatLogLine } from "./format.ts";
import { formatReport } from "./format-report.ts";

const nowMs = 1_800_000_000_000;
const key = "A".repeat(43);
const device: Device = {
  id: "d-b3da2becff54d371",
  name: "greenhouse-1",
  deployment: "field",
  deviceKey: key,
  tunnelKey: key,
  address: "fd00::1",
  enrolledAtMs: nowMs - 1000,
  connected: true,
  connectedAtMs: nowMs - 5000,
  lastSeenMs: nowMs,
  presence: "connected",
  expectedAtMs: null,
  tunnel: { latestHandshakeMs: nowMs - 61_000 },
  release: { digest: "0".repeat(64), name: "greenhouse", version: "1.0.0", releaseCounter: 1 },
  overlay: null,
  generation: 3,
  components: { total: 16, ready: 15, failed: 1 },
  unsignedCommands: true,
  opening: null,
};
const unheard: Device = {
  ...device,
  name: "pump",
  connected: false,
  connectedAtMs: null,
  lastSeenMs: null,
  presence: "never",
  tunnel: null,
  release: null,
  generation: null,
  components: null,
};
const level: Level = {
  uid: "own",
  namespaces: ["mount", "pid"],
  capabilities: "0".repeat(16),
  seccomp: true,
  noNewPrivileges: true,
  cgroup: "v2",
  cores: "not-asked",
  deadline: "not-asked",
  missing: [],
};
const climate: ComponentStatus = {
  name: "climate",
  role: "application",
  state: "ready",
  incarnation: 2,
  restarts: 1,
  pid: 12,
  lastReason: { atMs: nowMs - 2000, text: "exited \u001b[2J" },
  level,
};
const status: DeviceStatus = {
  format: 1,
  atMs: nowMs,
  generation: 3,
  release: { digest: "0".repeat(64), name: "greenhouse", version: "1.0.0", releaseCounter: 1 },
  update: { state: "rolled-back", reason: "climate did not start" },
  components: [climate],
  channels: [],
};

test("[S8] the list shows each device on a line, also one that was never heard of", () => {
  const [head, one, two] = formatDevices([device, unheard], nowMs).split("\n");
  expect(head).toMatch(/^NAME +ID +CONNECTION +RELEASE +GENERATION +COMPONENTS$/);
  expect(one).toMatch(/greenhouse-1 .*connected 5 s ago +greenhouse 1\.0\.0 \(1\) +3 +15 of 16 ready, 1 failed$/);
  expect(two).toMatch(/pump .*never seen +- +- +-$/);
  expect(formatDevices([], nowMs)).toBe("no device is enrolled");
});

test("[M25] shows whether commands need an operator's signature, and what a device does not say it does not", () => {
  const answer = { status, receivedAtMs: nowMs };
  expect(formatDevice(device, answer, nowMs)).toMatch(/^ {2}commands +NEED NO SIGNATURE: the policy/m);
  const closed = formatDevice({ ...device, unsignedCommands: false }, answer, nowMs);
  expect(closed).toMatch(/^ {2}commands +by an operator's signature only$/m);
  expect(formatDevice({ ...device, unsignedCommands: null }, answer, nowMs)).not.toMatch(/^ {2}commands /m);
});

test("[K23] a device that sleeps is asleep until it is overdue, and never just gone", () => {
  const away = { ...device, connected: false, connectedAtMs: null };
  const asleep: Device = { ...away, presence: "asleep", expectedAtMs: nowMs + 125_000 };
  expect(formatDevices([asleep], nowMs)).toContain("asleep, expected in 2 min");
  const overdue: Device = { ...away, presence: "overdue", expectedAtMs: nowMs - 3 * 3600_000 };
  expect(formatDevices([overdue], nowMs)).toContain("OVERDUE, expected 3 h ago");
});

test("[S8] a device is shown with its update and its components; what they say cannot steer the terminal", () => {
  const text = formatDevice(device, { status, receivedAtMs: nowMs - 1000 }, nowMs);
  expect(text).toContain("rolled-back: climate did not start");
  expect(text).toContain("handshake 1 min ago");
  expect(text).toMatch(/climate +ready +2 +1 +full +2 s ago: exited \\u001b\[2J$/m);
  expect(text).not.toContain("\u001b");
});

test("[K8] a device says that what runs is what is written, or what is not; an older one says nothing", () => {
  const good = { atMs: nowMs - 3000, ok: true, components: 16, differences: [], more: 0, failure: null };
  const show = (verification: DeviceStatus["verification"]) =>
    formatDevice(device, { status: { ...status, verification }, receivedAtMs: nowMs }, nowMs);
  expect(show(good)).toMatch(/verified +3 s ago: what runs is what is written, in all 16 components/);
  const difference = { component: "climate", what: "uids\u001b", expected: "5", found: "0" };
  const bad = show({ ...good, ok: false, differences: [difference], more: 2 });
  expect(bad).toContain("3 s ago: what runs is not what is written");
  expect(bad).toContain("  climate: uids\\u001b: expected 5; found 0\n  and 2 more");
  expect(show({ ...good, ok: false, failure: "it hung" })).toContain("not everything was seen: it hung");
  expect(show(null)).not.toContain("verified");
  expect(formatDevice(device, { status, receivedAtMs: nowMs }, nowMs)).not.toContain("verified");
});

test("[K18] the slots of a board are shown with what they hold, and one that is on trial as that", () => {
  const base = { slot: "b" as const, digest: "b".repeat(64), other: "a".repeat(64), onTrial: true };
  const shown = (more: object) =>
    formatDevice(device, { status: { ...status, base: { ...base, ...more } }, receivedAtMs: nowMs }, nowMs);
  expect(shown({})).toMatch(/base system +slot b \(on trial\): b{12}, slot a: a{12}$/m);
  expect(shown({ slot: "a", onTrial: false, digest: null, other: null })).toMatch(
    /base system +slot a: of an older image, slot b: nothing that is known to be whole$/m,
  );
  expect(formatDevice(device, { status, receivedAtMs: nowMs }, nowMs)).not.toMatch(/base system/);
});

test("[K13] a gateway that is known by name is shown with its address, whose word that is, and what failed", () => {
  const gateway = { name: "gw.example.com", askedAtMs: nowMs - 3000, answer: ["192.0.2.7"] };
  const show = (more: Pick<GatewayStatus, "address" | "from" | "failure">) =>
    formatDevice(device, { status: { ...status, gateway: { ...gateway, ...more } }, receivedAtMs: nowMs }, nowMs);
  expect(show({ address: "192.0.2.7", from: "answer", failure: null })).toMatch(
    /gateway +gw\.example\.com: 192\.0\.2\.7, asked 3 s ago$/m,
  );
  expect(show({ address: "192.0.2.1", from: "kept", failure: "no resolver answered\u001b" })).toMatch(
    /192\.0\.2\.1, where the tunnel stood before; the resolvers said 192\.0\.2\.7, asked 3 s ago; no resolver answered\\u001b$/m,
  );
  expect(formatDevice(device, { status, receivedAtMs: nowMs }, nowMs)).not.toMatch(/^ *gateway /m);
});

test("[K8] what the host has to give is a table", () => {
  const host = [{ layer: "Landlock", state: "unused", detail: "ABI 7" }] as const;
  const text = formatDevice(device, { status: { ...status, host: [...host] }, receivedAtMs: nowMs }, nowMs);
  expect(text).toMatch(/^Landlock +unused +ABI 7$/m);
});

test("[S8] a device without a report is shown too", () => {
  const text = formatDevice(unheard, { status: null, receivedAtMs: null }, nowMs);
  expect(text).toContain("never seen");
  expect(text).not.toContain("COMPONENT");
});

test("[S8] what a component runs without is named", () => {
  const reduced = { ...climate, level: { ...level, missing: ["own-uid", "cgroup"] } };
  expect(formatComponents([reduced, { ...climate, level: null, lastReason: null }], nowMs)).toMatch(
    /without own-uid, cgroup[\s\S]* 1 +- +-$/,
  );
});

test("[K11] a driver that writes attributes in sysfs is at a lower level", () => {
  const driver = { ...climate, level: { ...level, writesSysfs: true as const } };
  expect(formatComponents([driver], nowMs)).toContain("writes sysfs");
  expect(formatComponents([climate], nowMs)).not.toContain("writes sysfs");
});

test.each([
  ["out", "  "],
  ["err", "! "],
  ["runtime", "* "],
] as const)("[S5] a line on %s is marked %j", (stream, mark) => {
  const line = formatLogLine({ id: 1, sequence: 1, atMs: nowMs, component: "climate", stream, text: "fan on" });
  expect(line).toBe(`2027-01-15 08:00:00.000 climate          ${mark}fan on`);
});

test("[K16] a device's whole state steers no terminal, whatever its texts hold", () => {
  const release = { digest: "0".repeat(64), name: "greenhouse", version: "1\u001b[2J", releaseCounter: 1 };
  const nothing = { resources: null, usage: null, clock: null, inspections: { "\u001b]0;x": counters } };
  const text = formatReport({ format: 1, atMs: nowMs, status: { ...status, release }, ...nothing });
  expect(text).not.toContain("\u001b");
  expect(text).toContain("1\\u001b[2J");
});
const counters = { passed: 1, notGranted: 0, rateLimited: 0, droppedNotifications: 0, broken: 0 };

test("[M12] what was put on a release stands beside it, with the digest of the two together", () => {
  const overlay = { name: "warmer", overlayCounter: 4, digest: "1".repeat(64), effectiveDigest: "2".repeat(64) };
  const shown = formatDevice({ ...device, overlay }, { status: null, receivedAtMs: null }, nowMs);
  expect(shown).toMatch(new RegExp(`overlay +warmer \\(4\\) of field, ${overlay.digest}`));
  expect(shown).toMatch(new RegExp(`effective +${overlay.effectiveDigest}`));
  expect(formatDevices([{ ...device, overlay }], nowMs)).toContain("greenhouse 1.0.0 (1) + warmer");
  expect(formatDevice(device, { status: null, receivedAtMs: null }, nowMs)).not.toContain("overlay");
});
