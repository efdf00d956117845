/**
 * Runner `vm`: a guest Linux under QEMU. The sandbox's program is the bridge, which starts the machine with a port for each channel
 * (sdk/vm); kernel and initial file system come with the bundle, QEMU with the installed runtime. It emulates the processor, or has the
 * kernel's KVM run the guest on it where the compartment shows that.
 */
import { BulkheadError, guestRamBytes } from "@bulkhead/protocol";
import { bundleInside, bundleMount, type Runner } from "./execution.ts";
import { findRuntime } from "./runtimes.ts";

const qemuInside = "/qemu";
const mebibyte = 1024 ** 2;

/**
 * By process.arch. No graphics, no network, no disk, no monitor. Not QEMU's smaller `microvm`: it has no clock but the PIT to measure the
 * processor's by, which an emulated guest on a busy host does not manage; then it hangs at boot.
 */
const machines: Readonly<Partial<Record<string, Machine>>> = {
  x64: { options: ["-M", "pc,usb=off,vmport=off"], emulated: "max", console: "ttyS0" },
  // A processor without pointer authentication: emulating that costs more than the instructions that it guards.
  arm64: { options: ["-M", "virt"], emulated: "cortex-a72", console: "ttyAMA0" },
};
type Machine = { readonly options: readonly string[]; readonly emulated: string; readonly console: string };

/** A guest whose kernel fails ends, and is started again by supervision; its console says what is wrong, and no more. */
const kernelOptions = ["quiet", "loglevel=4", "panic=-1", "oops=panic", "reboot=t"];

export const vmRunner: Runner = async (subject) => {
  const machine = machines[process.arch];
  if (machine === undefined) {
    throw new BulkheadError(
      "COMPONENT_START_FAILED",
      `${subject.name}: there is no machine for a ${process.arch} board`,
      {
        remedy: "use the runner `native`",
      },
    );
  }
  const qemu = await findRuntime(subject, "qemu");
  const ramMebibytes = Math.floor(guestRamBytes(subject.component.memoryBytes) / mebibyte);
  return {
    command: [
      `${bundleInside}/bridge`,
      [`console=${machine.console}`, ...kernelOptions].join(" "),
      ...[`${qemuInside}/loader`, "--library-path", `${qemuInside}/lib`, `${qemuInside}/qemu`],
      ...["-L", `${qemuInside}/share`, ...machine.options, ...processor(machine, subject.hasKvm)],
      ...["-m", `${ramMebibytes}M`, "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ...["-kernel", `${bundleInside}/kernel`, "-initrd", `${bundleInside}/initramfs`],
    ],
    environment: {},
    mounts: [{ kind: "ro", source: qemu, target: qemuInside }, bundleMount(subject)],
    profile: subject.hasKvm ? "vm-kvm" : "vm",
    surroundings: "hosted",
  };
};

function processor({ emulated }: Machine, hasKvm: boolean): string[] {
  return hasKvm ? ["-cpu", "host", "-accel", "kvm"] : ["-cpu", emulated, "-accel", "tcg,tb-size=16"];
}
