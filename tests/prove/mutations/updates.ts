/** What an update rests on: written down before it counts, on a disk that may be full, and for whom it was signed. */
import { type Mutation, mutate } from "./mutation.ts";

const ledger = "runtime/src/generations/ledger.ts";
const fullDisk = "tests/power-cut/full-disk.spec.ts";
const onlyFor = "tests/releases/only-for.spec.ts";

const rows: readonly (readonly [
  without: string,
  file: string,
  from: string,
  to: string,
  test: string,
  name: string,
])[] = [
  [
    "a try that is counted before it begins",
    "runtime/src/generations/choosing.ts",
    "await kept.write(choice.record);",
    "await kept.adopt(choice.record);",
    fullDisk,
    "the disk fills up",
  ],
  [
    "a release that is on trial on the disk before it is so in memory",
    ledger,
    "await kept.write(beginTrial(kept.now(), digest, release, base));",
    "await kept.adopt(beginTrial(kept.now(), digest, release, base));",
    fullDisk,
    "the disk fills up",
  ],
  [
    "an endorsement that is noted before anybody is told of it",
    "runtime/src/verifier/gate.ts",
    "await pending.note(activationOf(judged));",
    "await pending.note(activationOf(judged)).catch(() => undefined);",
    fullDisk,
    "the disk fills up",
  ],
  [
    "a command that is remembered before it is done",
    "runtime/src/verifier/command-gate.ts",
    "await remember({ id: envelope.id",
    "void remember({ id: envelope.id",
    fullDisk,
    "the disk fills up",
  ],
  [
    "a command that is in the journal before it is passed on",
    "kms-agent/src/commands/executor.ts",
    "await passOn();\n    const verdict",
    "await passOn().catch(() => undefined);\n    const verdict",
    fullDisk,
    "the disk fills up",
  ],
  [
    "want of room that is told from bad metadata",
    "runtime/src/verifier/metadata-error.ts",
    "if (isFull(cause) || notPersisted.test(text)) {",
    "if (isFull(cause)) {",
    fullDisk,
    "the disk fills up",
  ],
  [
    "a release that is held to whom it was signed for",
    "runtime/src/verifier/judge.ts",
    "checkOnlyFor(signed.onlyFor, asked.target, { deviceId, deployment });",
    "void [checkOnlyFor, deviceId, deployment];",
    onlyFor,
    "is refused on",
  ],
  [
    "devices that are named beside their deployment",
    "protocol/src/only-for.ts",
    "devices !== undefined && !devices.includes(device.deviceId)",
    "deployments === undefined && devices !== undefined && !devices.includes(device.deviceId)",
    onlyFor,
    "for devices is refused",
  ],
  [
    "a bound that stands for the next release",
    "studio/src/sign/targets.ts",
    "const { onlyFor = onlyForBefore(before, release) } = built;",
    "const { onlyFor = onlyForBefore({}, release) } = built;",
    onlyFor,
    "until it is said otherwise",
  ],
];

export const updates: readonly Mutation[] = rows.map(([without, file, from, to, test, name]) =>
  mutate(without, file, from, to, { file: test, name }),
);
