/** A guest on 64-bit Arm: a board that is emulated on this machine, whose kernel has KVM for guests of its own. */
import { beforeAll, describe } from "vitest";
import { arm64WithKvm } from "../../../hardware-in-loop/emulated/architecture.ts";
import { proofs } from "../../../hardware-in-loop/emulated/specs.ts";
import { installVirtualMachine } from "../../../scripts/setup/vm.mjs";
import { proveInGuest } from "../guest/verdicts.ts";

describe("[K10] a guest by KVM on an arm64 board", () => {
  // Before the board's disks are made, for it is on one of them.
  beforeAll(async () => {
    if (!(await installVirtualMachine("arm64"))) throw new Error("QEMU for arm64 could not be fetched");
  });
  proveInGuest(arm64WithKvm, { "tests/prove/vm/by-kvm.prove.ts": [] }, { ...proofs, memoryMiB: 4096 });
});
