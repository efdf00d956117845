/** A guest by KVM on boards that are emulated on this machine, whose kernels have KVM for guests of their own: some 20 minutes each. */
import { beforeAll, describe } from "vitest";
import { withKvm } from "../../../hardware-in-loop/emulated/architecture.ts";
import { virt } from "../../../hardware-in-loop/emulated/boards/virt.ts";
import { proofs } from "../../../hardware-in-loop/emulated/specs.ts";
import { installVirtualMachine } from "../../../scripts/setup/vm.mjs";
import { proveInGuest } from "../guest/verdicts.ts";

describe.each(["arm64", "x64"] as const)("[K10] a guest by KVM on an emulated %s board", (architecture) => {
  // Before the board's disks are made, for it is on one of them.
  beforeAll(async () => {
    if (!(await installVirtualMachine(architecture))) throw new Error(`QEMU for ${architecture} could not be fetched`);
  });
  proveInGuest(virt(withKvm[architecture]), { "tests/prove/kvm/by-kvm.prove.ts": [] }, { ...proofs, memoryMiB: 4096 });
});
