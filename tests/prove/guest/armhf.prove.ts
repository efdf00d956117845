/** The sandbox's specifications on an emulated 32-bit Arm board: its system-call table, and Debian's Node 20 under the filter. */
import { describe } from "vitest";
import { architectures } from "../../../hardware-in-loop/emulated/architecture.ts";
import { virt } from "../../../hardware-in-loop/emulated/boards/virt.ts";
import { proveInGuest } from "./verdicts.ts";

// The guest has one Node, Debian's: npm has none for this processor.
const noOtherNode = "[K10] under the filter, Node of the system does it too, where there is another than ours";

describe("[K7] [K8] [K10] sandboxes on armhf with control groups version 2", () => {
  proveInGuest(virt(architectures.armhf), {
    "runtime/src/sandbox/isolation.spec.ts": [],
    "runtime/src/sandbox/limits.spec.ts": [],
    "runtime/src/sandbox/programs.spec.ts": [noOtherNode],
  });
});
