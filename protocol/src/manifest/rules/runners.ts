/** What a runner can do, and what it cannot be without. */
import type { ErrorReport } from "../../errors.ts";
import { emulatorBytes, leastGuestRamBytes } from "../../guest-memory.ts";
import type { RunnerName } from "../../system.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { formatSize } from "../units.ts";

const MiB = 1024 ** 2;

/** Below this a runner does not even start; what a component needs is more. */
const floors: Partial<Record<RunnerName, { memoryBytes: number; processes: number }>> = {
  // Measured: an idle Node component has 6-12 MiB of its own and eleven threads; the sandbox's init is one more.
  node: { memoryBytes: 16 * MiB, processes: 12 },
  worker: { memoryBytes: 16 * MiB, processes: 12 },
  // The emulator's threads while it starts, the bridge and the sandbox's init.
  vm: { memoryBytes: emulatorBytes + leastGuestRamBytes, processes: 8 },
};

// The kernel's deadline class is given to one thread: these do their work in the one that they start with.
const deadlineRunners: readonly RunnerName[] = ["node", "bun", "native"];
const inspectorRunners: readonly RunnerName[] = ["node", "worker"];
const recordRunners: readonly RunnerName[] = ["node"];

export const runnerRule: Rule = (analysis) =>
  Object.keys(analysis.written.components).flatMap((name) => [
    ...checkDriver(analysis, name),
    ...checkArchitecture(analysis, name),
    ...checkEnvironment(analysis, name),
    ...checkFloors(analysis, name),
    ...checkAbilities(analysis, name),
    ...checkKvm(analysis, name),
  ]);

function checkKvm({ plan, board, source }: Analysis, name: string): ErrorReport[] {
  const { kvm, runner = "node" } = plan.components[name] ?? {};
  // The policy speaks first.
  if (kvm === undefined || runner === "vm" || !board.policy.kvm) return [];
  const message = `\`kvm\` is for a guest, and the runner \`${runner}\` has none`;
  const path = ["components", name, "kvm"];
  return [
    atKey(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "use the runner `vm`, or remove it" }),
  ];
}

function checkDriver({ plan, written, source, board }: Analysis, name: string): ErrorReport[] {
  const runner = plan.components[name]?.runner ?? "node";
  if (driverClassOf(written.components[name]?.image ?? "") === undefined || runner === "node") return [];
  // The policy speaks first: its errors would be about the same word.
  if (!board.policy.runners.includes(runner)) return [];
  const message = `\`${name}\` is a driver: its runner comes with its image`;
  const path = ["components", name, "runner"];
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: "remove `runner`" })];
}

/** Runners that a processor has not, with what there is instead. */
const unavailable: Partial<Record<RunnerName, { on: readonly string[]; what: string; remedy: string }>> = {
  bun: { on: ["armhf"], what: "Bun", remedy: "use the runner `node`" },
  vm: { on: ["armhf"], what: "virtual machine", remedy: "use the runner `native`" },
};
const processorNames: Readonly<Record<string, string>> = { armhf: "32-bit Arm" };

function checkArchitecture({ plan, source, board }: Analysis, name: string): ErrorReport[] {
  const runner = plan.components[name]?.runner ?? "node";
  const missing = unavailable[runner];
  // The policy speaks first here, too.
  if (!missing?.on.includes(board.architecture) || !board.policy.runners.includes(runner)) return [];
  const message = `there is no ${missing.what} for ${processorNames[board.architecture]}, which board \`${board.board}\` has`;
  const path = ["components", name, "runner"];
  return [atValue(source, { code: "MANIFEST_RUNNER_UNAVAILABLE", path, message, remedy: missing.remedy })];
}

// Freestanding: nothing is mounted but the binary and its channels, and the filter knows no other call.
function checkEnvironment({ plan, source }: Analysis, name: string): ErrorReport[] {
  const { environment, runner, network, storage } = plan.components[name] ?? {};
  if (environment !== "freestanding") return [];
  const path = ["components", name];
  if (runner !== "native") {
    const message = `\`${name}\` is freestanding, and the runner \`${runner}\` needs files of its own`;
    const remedy = "use the runner `native`, or remove `environment`";
    const at = [...path, "environment"];
    return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path: at, message, remedy })];
  }
  const more = [...(network?.length ? ["network"] : []), ...(storage?.quotaBytes ? ["storage"] : [])];
  return more.map((key) => {
    const message = `\`${name}\` is freestanding: it has its channels and no ${key}`;
    const remedy = `remove \`${key}\` or \`environment\``;
    return atKey(source, { code: "MANIFEST_INVALID_VALUE", path: [...path, key], message, remedy });
  });
}

function checkFloors({ plan, source }: Analysis, name: string): ErrorReport[] {
  const component = plan.components[name];
  const floor = component && floors[component.runner];
  if (component === undefined || floor === undefined) return [];
  const finding = (key: "memory" | "processes", has: string, needs: string): ErrorReport => {
    const message = `\`${key}\` of \`${name}\` is ${has}, and the runner \`${component.runner}\` does not start below ${needs}`;
    const path = ["components", name, key];
    return atValue(source, {
      code: "MANIFEST_INVALID_VALUE",
      path,
      message,
      remedy: `write \`${key}: ${needs}\` or more`,
    });
  };
  const { memoryBytes, processes } = component;
  return [
    ...(memoryBytes < floor.memoryBytes
      ? [finding("memory", formatSize(memoryBytes), formatSize(floor.memoryBytes))]
      : []),
    ...(processes < floor.processes ? [finding("processes", String(processes), String(floor.processes))] : []),
  ];
}

function checkAbilities({ plan, source }: Analysis, name: string): ErrorReport[] {
  const { cpu, runner = "node", attach = [] } = plan.components[name] ?? {};
  const path = ["components", name];
  const deadline = cpu?.class === "deadline" && !deadlineRunners.includes(runner);
  const tools = [
    { tool: "inspector", runners: inspectorRunners, lack: "has no inspector", remedy: "attach `gdb`, or remove it" },
    { tool: "record", runners: recordRunners, lack: "makes no record", remedy: "use the runner `node`, or remove it" },
  ] as const;
  return [
    ...(deadline
      ? [
          atValue(source, {
            code: "MANIFEST_INVALID_VALUE",
            path: [...path, "cpu", "class"],
            message: `a deadline is given to one thread, and the runner \`${runner}\` works in several`,
            remedy: `use \`class: fair\`, or one of the runners ${deadlineRunners.join(", ")}`,
          }),
        ]
      : []),
    ...tools
      .filter(({ tool, runners }) => attach.includes(tool) && !runners.includes(runner))
      .map(({ tool, lack, remedy }) =>
        atValue(source, {
          code: "MANIFEST_INVALID_VALUE",
          path: [...path, "attach", attach.indexOf(tool)],
          message: `the runner \`${runner}\` ${lack}`,
          remedy,
        }),
      ),
  ];
}
