/** What strangers say, what lies on a disk, and who is killed in the middle: each look at it taken away, and the test that must fail then. */
import type { Mutation } from "./mutation.ts";

const nodes = "runtime/src/compartment/devices/device-mounts.ts";
const nodesTest = "runtime/src/compartment/devices/device-mounts.test.ts";
const ask = "runtime/src/asker/ask.ts";
const askTest = "runtime/src/asker/ask.test.ts";
const desk = "runtime/src/operator/desk.ts";
const deskTest = "runtime/src/operator/desk.test.ts";
const ledger = "runtime/src/generations/ledger.ts";
const ledgerTest = "runtime/src/generations/ledger.test.ts";
const choosing = "runtime/src/generations/choosing.ts";
const reboots = "runtime/src/ladder/reboots.ts";
const rebootsTest = "runtime/src/ladder/reboots.test.ts";
const connection = "kms-agent/src/session/connection.ts";
const connectionTest = "kms-agent/src/session/connection.spec.ts";
const edges = "kms-agent/src/store/edges.test.ts";
const profiles = "runtime/src/sandbox/seccomp/profiles.ts";
const profilesTest = "runtime/src/sandbox/seccomp/filter.test.ts";

const rows: readonly (readonly [string, string, string, string, string, string?])[] = [
  [
    "a look at whether a driver's node is a terminal",
    "runtime/src/compartment/devices/nodes.ts",
    'if (kind !== undefined) return { path, kind: kind === "serial" ? "device" : "lent" };',
    'return { path, kind: kind === "pseudo" ? "lent" : "device" };',
    nodesTest,
    "memory",
  ],
  [
    "a look at whether a driver's node is of the class that the board says",
    "runtime/src/compartment/devices/nodes.ts",
    "(await subsystemOf(numberPath(roots, found.rdev))) === subsystem",
    "found.rdev > 0",
    "runtime/src/compartment/devices/nodes.test.ts",
    "memory",
  ],
  [
    "a look at whether two controllers are meant",
    "runtime/src/compartment/devices/find.ts",
    "if (paths.length <= 1) return paths[0];",
    "if (paths.length >= 0) return paths[0];",
    "runtime/src/compartment/devices/find.test.ts",
    "as near",
  ],
  [
    "attributes of a LED that are the driver's beside those that its class needs",
    "runtime/src/compartment/devices/attributes.ts",
    "if (!place.write) return own;",
    "",
    "runtime/src/compartment/devices/attributes.test.ts",
    "those files alone",
  ],
  [
    "a look at whether it is a disk",
    "runtime/src/compartment/devices/tty-kind.ts",
    "if (!found.isCharacterDevice()) return undefined;",
    "",
    nodesTest,
    "disks",
  ],
  [
    "a board `virtual` without nodes",
    nodes,
    'if (config.board === "virtual") return [];',
    "",
    nodesTest,
    "board `virtual`",
  ],
  [
    "an end of an answer's line",
    "runtime/src/asker/messages.ts",
    "if (end > maxLineBytes || (end < 0",
    "if ((end < 0",
    askTest,
    "too long",
  ],
  [
    "a look at what the asker answers",
    ask,
    "answerSchema.parse(await ask(question, launch, waitMs))",
    "(await ask(question, launch, waitMs)) as Answer",
    askTest,
    "is no answer",
  ],
  [
    "an asker that is gone before its answer counts",
    ask,
    "await sandbox.exited;",
    "",
    askTest,
    "nothing of it is left",
  ],
  [
    "a socket that hears one time server alone",
    "runtime/src/asker/time/exchange.ts",
    "socket.connect(port, address);",
    "socket.bind(0, () => socket.send(makeRequest(nonce), port, address));",
    "runtime/src/asker/time/measure.test.ts",
    "from elsewhere",
  ],
  ["a desk for root alone", desk, "await chmod(directory, 0o700);", "", deskTest, "owner alone"],
  ["an end of an operator's frame", desk, "}, maxOperatorFrameBytes);", "});", deskTest, "longer than a request"],
  [
    "the way back while the disk takes no record",
    ledger,
    "if (!(await kept.adopt(commit(kept.now(), release)))) return;",
    "await kept.adopt(commit(kept.now(), release));",
    ledgerTest,
    "not cleared away",
  ],
  [
    "a floor of release counters",
    ledger,
    "if (isForward(release, floor)) return;",
    "if (isForward(release, 0)) return;",
    ledgerTest,
    "lower counter",
  ],
  [
    "a floor of security epochs on the way back",
    choosing,
    "return securityEpoch < securityEpochFloor",
    "return securityEpoch < 0",
    ledgerTest,
    "way back",
  ],
  ["a count of reboots that is damaged and ends them", reboots, "? 0 : most", "? 0 : 0", rebootsTest, "used up"],
  [
    "a reboot that is on the disk before it is made",
    reboots,
    "count: () => save(used + 1),",
    "async count() {\n      used += 1;\n      return true;\n    },",
    rebootsTest,
  ],
  [
    "checksums of what waits for the KMS",
    "kms-agent/src/store/segment.ts",
    " || checksum(text) !== line.slice(0, 8)",
    "",
    edges,
    "one letter",
  ],
  [
    "a line of its own after half a line",
    "kms-agent/src/store/segments.ts",
    "await seal().catch(() => undefined);\n        throw error;",
    "throw error;",
    edges,
    "half of a line",
  ],
  [
    "a bound of the KMS's messages",
    connection,
    "    maxPayload: maxMessageBytes,\n",
    "",
    connectionTest,
    "more than a message",
  ],
  [
    "a look at whether the KMS is alive",
    connection,
    '() => end("DEADLINE_EXCEEDED", "the KMS gave no sign of life")',
    "() => undefined",
    connectionTest,
    "falls silent",
  ],
  [
    "a bound of an answer's silence",
    "kms-agent/src/fetch/http.ts",
    'asked.on("response", resolve);',
    'asked.on("response", (answer) => {\n      asked.setTimeout(0);\n      resolve(answer);\n    });',
    "kms-agent/src/fetch/deploy.spec.ts",
    "stood still",
  ],
  [
    "a reader of a port as it was that leaves what comes to the next",
    "drivers/serial/server.ts",
    "if (port !== source) return;",
    "",
    "drivers/serial/server.test.ts",
    "port as it was",
  ],
  [
    "a filter that leaves terminals to drivers of serial ports",
    profiles,
    'values = profile === "serial" ? neverOnTerminals : [...neverOnTerminals, ...settingTerminals];',
    "values = neverOnTerminals;",
    profilesTest,
    "serial drivers alone",
  ],
  [
    "a filter that leaves a guest no network",
    profiles,
    "vm: [AF_UNIX],",
    "vm: [AF_UNIX, AF_INET],",
    profilesTest,
    "no other families",
  ],
  [
    "a filter that lets a serial driver make no process",
    profiles,
    '"agent", "serial", "asker", ',
    '"agent", "asker", ',
    profilesTest,
    "child process",
  ],
  [
    "a filter that lets a driver of the classes make no process",
    profiles,
    ", ...driverProfiles];",
    "];",
    profilesTest,
    "no process",
  ],
  [
    "a filter that tells the requests of one class from another's",
    profiles,
    "gpio: { kinds: [0xb4] }",
    "gpio: { kinds: [0xb4, 0x57] }",
    profilesTest,
    "its class takes",
  ],
  [
    "a filter that refuses a driver the chips of the kernel's",
    profiles,
    "[0x0703, 0x0705, 0x0707,",
    "[0x0703, 0x0705, 0x0706, 0x0707,",
    profilesTest,
    "reaches no chip",
  ],
  [
    "verify's look at attributes that are not the driver's",
    "runtime/src/verify/permissions.ts",
    'kind === "rw" && file != null && (',
    'kind === "rw" && (',
    "runtime/src/verify/permissions.test.ts",
    "may not have of sysfs",
  ],
  [
    "verify's count of lines that are exported",
    "runtime/src/verify/permissions.ts",
    "return shown.slice(granted)",
    "return shown.slice(granted + 1)",
    "runtime/src/verify/permissions.test.ts",
    "no more lines",
  ],
  [
    "a level that says who writes sysfs",
    "runtime/src/sandbox/level.ts",
    'after.startsWith("sysfs ") &&',
    "false &&",
    "runtime/src/compartment/devices/attributes.spec.ts",
    "its own",
  ],
  [
    "a board's word for drivers that write sysfs",
    "protocol/src/manifest/rules/driver-devices.ts",
    "if (!writes || allowed.includes(driver)) return [];",
    "if (writes || !writes || allowed.includes(driver)) return [];",
    "tests/manifests/corpus.test.ts",
    "is refused with exactly its error",
  ],
  [
    "a rule that leaves the board the devices that it uses itself",
    "protocol/src/manifest/rules/driver-devices.ts",
    "if (claims === undefined) return [];",
    "if (claims !== null) return [];",
    "tests/manifests/corpus.test.ts",
    "is refused with exactly its error",
  ],
];

export const boundaries: readonly Mutation[] = rows.map(([without, file, from, to, testFile, name]) => ({
  without,
  edits: [{ file, from, to }],
  test: { file: testFile, ...(name !== undefined && { name }) },
}));
