/** The project's own specifications on an emulated 64-bit Arm board with Debian's kernel: control groups version 2. */
import { describe } from "vitest";
import { architectures } from "../../../hardware-in-loop/emulated/architecture.ts";
import { virt } from "../../../hardware-in-loop/emulated/boards/virt.ts";
import { measurements, proofs } from "../../../hardware-in-loop/emulated/specs.ts";
import { proveInGuest } from "./verdicts.ts";

// The guest has one Node, the one that is pinned.
const noOtherNode = "[K10] under the filter, Node of the system does it too, where there is another than ours";

describe("[K6] [K7] [K8] [K20] sandboxes on arm64 with control groups version 2", () => {
  proveInGuest(virt(architectures.arm64), {
    "runtime/src/sandbox/isolation.spec.ts": [],
    "runtime/src/sandbox/limits.spec.ts": [],
    "runtime/src/sandbox/scheduling.spec.ts": [],
    "runtime/src/sandbox/lifetime.spec.ts": [],
    "runtime/src/sandbox/programs.spec.ts": [noOtherNode],
    "runtime/src/sandbox/rootless.spec.ts": [],
  });
});

describe("[K6] [K20] deadlines on arm64, and cores of a component's own", () => {
  proveInGuest(virt(architectures.arm64), { "tests/prove/deadline/deadline.prove.ts": [] }, measurements);
});

describe("[K13] [K23] the tunnel on arm64, by wireguard-go and by the kernel", () => {
  proveInGuest(virt(architectures.arm64), {
    "runtime/src/network/tunnel.spec.ts": [],
    "runtime/src/network/names.spec.ts": [],
    "runtime/src/network/weather.spec.ts": [],
  });
});

describe("[K13] the clock of a board on arm64, really set", () => {
  proveInGuest(virt(architectures.arm64), { "tests/prove/clock/clock.prove.ts": [] }, proofs);
});
