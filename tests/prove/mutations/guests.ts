/** What keeps the kernel's KVM to guests that may have it, taken away, and the test that must fail then. */
import { type Mutation, mutate } from "./mutation.ts";

const mounts = "runtime/src/compartment/kvm-mounts.ts";
const mountsTest = "runtime/src/compartment/kvm-mounts.test.ts";
const profiles = "runtime/src/sandbox/seccomp/profiles.ts";
const filterTest = "runtime/src/sandbox/seccomp/filter.test.ts";

const rows: readonly (readonly [string, string, string, string, string, string])[] = [
  [
    "the board's word for KVM",
    "protocol/src/manifest/rules/board-policy.ts",
    "if (kvm === undefined || analysis.board.policy.kvm) return [];",
    "if (kvm !== null) return [];",
    "protocol/src/manifest/rules/kvm.test.ts",
    "cannot give itself KVM",
  ],
  [
    "the manifest's word for KVM",
    mounts,
    'if (runner !== "vm" || kvm === undefined) return [];',
    'if (runner !== "vm") return [];',
    mountsTest,
    "one that does not say so",
  ],
  [
    "a look at what stands under the name of KVM's device",
    mounts,
    "if (found.isCharacterDevice() && found.rdev === kvmNumber) return true;",
    "if (found.rdev >= 0) return true;",
    mountsTest,
    "what only has its name",
  ],
  [
    "a look at the number of KVM's device",
    mounts,
    "found.isCharacterDevice() && found.rdev === kvmNumber",
    "found.isCharacterDevice()",
    mountsTest,
    "another device",
  ],
  ["a look at KVM's device itself", mounts, "await lstat(device)", "await stat(device)", mountsTest, "a link to it"],
  [
    "a filter that keeps KVM from all others",
    profiles,
    'kind: "none-of", argument: 1, values, kinds: [kvmRequests]',
    'kind: "none-of", argument: 1, values',
    filterTest,
    "anything of KVM",
  ],
  [
    "a filter that keeps a guest by KVM from other devices",
    profiles,
    'kind: "one-of", argument: 1, values: askingRequests, kinds: [kvmRequests]',
    'kind: "none-of", argument: 1, values: neverOnTerminals',
    filterTest,
    "anything of KVM",
  ],
  [
    "verify's look at who has KVM",
    "runtime/src/verify/permissions.ts",
    'return component?.runner === "vm" && component.kvm !== undefined;',
    "return true;",
    "runtime/src/verify/permissions.test.ts",
    "a guest may have KVM",
  ],
];

export const guests: readonly Mutation[] = rows.map(([without, file, from, to, test, name]) =>
  mutate(without, file, from, to, { file: test, name }),
);
