/** What the author of a valid manifest should know: where it asks for less protection than there could be. */
import type { ErrorReport } from "../errors.ts";
import { type Analysis, atKey, driverClassOf } from "./analysis.ts";
import type { PlannedComponent } from "./plan.ts";
import type { ComponentWritten } from "./written.ts";

/** Notices in the form of errors, with a place and a way out; none of them stops anything. */
export function noticesOf(analysis: Analysis): ErrorReport[] {
  return [
    ...aboutSystem(analysis),
    ...Object.keys(analysis.written.components).flatMap((name) => aboutComponent(analysis, name)),
  ];
}

function aboutSystem({ plan, board, source }: Analysis): ErrorReport[] {
  const path = ["board"];
  const unsigned = `board \`${board.board}\` accepts commands without an operator's signature`;
  const levels = `on board \`${board.board}\` components start with fewer layers of isolation where the host does not offer all`;
  return [
    ...(plan.policy.unsignedCommands
      ? [
          atKey(source, {
            code: "NOTICE_UNSIGNED_COMMANDS",
            path,
            message: unsigned,
            remedy: "write `unsigned-commands: false`, or use a board that demands it",
          }),
        ]
      : []),
    ...(plan.policy.requireFullLevel
      ? []
      : [
          atKey(source, {
            code: "NOTICE_LEVELS_MAY_DROP",
            path,
            message: levels,
            remedy: "write `requires` where a component must not, or use a board that demands it",
          }),
        ]),
  ];
}

function aboutComponent({ plan, source, board, written }: Analysis, name: string): ErrorReport[] {
  const { trustGroup = null, attach = [], kvm, attributes = {} } = plan.components[name] ?? {};
  const path = ["components", name];
  const others = Object.entries(plan.components)
    .filter(([other, component]) => other !== name && trustGroup !== null && component.trustGroup === trustGroup)
    .map(([other]) => `\`${other}\``);
  return [
    ...(others.length > 0
      ? [
          atKey(source, {
            code: "NOTICE_SHARED_PROCESS",
            path: [...path, "trust-group"],
            message: `\`${name}\` shares its process with ${others.join(", ")}: nothing protects them from each other`,
            // Measured on Node 20 to 24: a worker thread takes as much as a process.
            remedy: "use the runner `node` or `bun`; on Node a shared process saves no memory",
          }),
        ]
      : []),
    ...aboutWrites(source, name, attributes),
    ...(board.backend === "simulated" ? [] : aboutI2cBus(source, name, written.components[name])),
    ...(kvm === undefined ? [] : [aboutKvm(source, name, kvm)]),
    ...(attach.length > 0
      ? [
          atKey(source, {
            code: "NOTICE_DEBUGGER",
            path: [...path, "attach"],
            message: `${attach.map((tool) => `\`${tool}\``).join(" and ")} may be attached to \`${name}\``,
            remedy: "remove `attach` from what goes into the field",
          }),
        ]
      : []),
  ];
}

function aboutKvm(source: Analysis["source"], name: string, kvm: "preferred" | "required"): ErrorReport {
  const otherwise = kvm === "required" ? "and does not start without" : "and emulated on a device without it";
  return atKey(source, {
    code: "NOTICE_KVM",
    path: ["components", name, "kvm"],
    message: `the guest \`${name}\` is run by KVM, a part of the device's kernel, ${otherwise}`,
    remedy: "remove `kvm` where emulation is fast enough: then no more than QEMU stands open to the guest",
  });
}

function aboutWrites(
  source: Analysis["source"],
  name: string,
  attributes: NonNullable<PlannedComponent["attributes"]>,
): ErrorReport[] {
  const written = Object.entries(attributes).flatMap(([device, { write }]) => (write ? [`\`${device}\``] : []));
  if (written.length === 0) return [];
  const message = `the driver \`${name}\` writes attributes of ${written.join(", ")} in sysfs, where the kernel guards less`;
  const remedy = "its state says so; pins are better reached by `interface: chardev`";
  return [atKey(source, { code: "NOTICE_SYSFS_WRITES", path: ["components", name, "image"], message, remedy })];
}

/** What the build makes is then no more under the terms of this repository: decision 45. */
function aboutI2cBus(source: Analysis["source"], name: string, written: ComponentWritten | undefined): ErrorReport[] {
  if (driverClassOf(written?.image ?? "") !== "i2c" || written?.config?.["interface"] !== "i2c-bus") return [];
  const path = ["components", name, "config", "interface"];
  const message = `the native part of i2c-bus, which the build compiles for \`${name}\`, includes code under the GPL (version 2 or later)`;
  const remedy = "take `interface: i2c-rdwr`, or keep to those terms where you pass on what was built";
  return [atKey(source, { code: "NOTICE_ADD_ON_LICENCE", path, message, remedy })];
}
