/** What a system needs of its board, per component and in sum, with what a device measured beside it. Pure. */
import type { Resources } from "@bulkhead/protocol";
import {
  type Board,
  formatSize,
  memoryNeeds,
  memoryOf,
  type Plan,
  type PlannedComponent,
  storageNeeds,
} from "@bulkhead/protocol/manifest";
import { formatColumns } from "../cli/columns.ts";
import { cpuWords } from "../diff/permissions.ts";

export type ComponentNeeds = {
  readonly name: string;
  /** With its spare. */
  readonly memoryBytes: number;
  readonly cpu: string;
  /** Hundredths of one core that are promised; 0 without a deadline. */
  readonly promisedPercent: number;
  readonly processes: number;
  /** Open at once, in each of its processes. */
  readonly openFiles: number;
  readonly storageBytes: number;
  /** Of the channels that it uses. */
  readonly leaseBytes: number;
  readonly traceBytes: number;
  /** Null where no device was asked, or where it measures nothing. */
  readonly used: {
    readonly memoryBytes: number | null;
    readonly cpuUs: number | null;
    readonly processes: number | null;
    /** Of the process that has most. */
    readonly openFiles: number | null;
  } | null;
};

export type SystemNeeds = {
  readonly components: readonly ComponentNeeds[];
  readonly sum: {
    readonly memoryBytes: number;
    readonly leaseBytes: number;
    readonly promisedPercent: number;
    readonly processes: number;
    readonly openFiles: number;
    readonly storageBytes: number;
    readonly storeBytes: number;
    readonly usedMemoryBytes: number | null;
    readonly usedProcesses: number | null;
  };
  readonly board: {
    readonly name: string;
    readonly memoryBytes: number;
    readonly storageBytes: number;
    readonly cores: number;
  } | null;
};

/** The needs of `plan`; `measured` is what a device that runs it reported last. */
export function needsOf(plan: Plan, board: Board | undefined, measured: Resources | null): SystemNeeds {
  const components = Object.entries(plan.components).map(([name, component]): ComponentNeeds => {
    const { cpu } = component;
    return {
      name,
      memoryBytes: memoryOf(component),
      cpu: `${cpuWords(cpu)}${component.cores.length > 0 ? `, core ${component.cores.join(" ")}` : ""}${guestWords(component)}`,
      promisedPercent: cpu.class === "deadline" ? Math.round((cpu.budgetUs * 1000) / cpu.periodUs) / 10 : 0,
      processes: component.processes * (component.spare ? 2 : 1),
      openFiles: component.openFiles * (component.spare ? 2 : 1),
      storageBytes: component.storage.quotaBytes,
      leaseBytes: total(plan.channels.filter(({ client }) => client === name).map((channel) => channel.leaseBytes)),
      traceBytes: component.trace.ringBytes,
      used: measured?.components.find((one) => one.name === name)?.used ?? null,
    };
  });
  const memory = memoryNeeds(plan);
  const storage = storageNeeds(plan);
  return {
    components,
    sum: {
      memoryBytes: memory.totalBytes,
      leaseBytes: memory.leaseBytes,
      promisedPercent: Math.round(total(components.map((one) => one.promisedPercent)) * 10) / 10,
      processes: total(components.map((one) => one.processes)),
      openFiles: total(components.map((one) => one.openFiles)),
      storageBytes: storage.totalBytes,
      storeBytes: storage.storeBytes,
      usedMemoryBytes: measuredSum(components.map(({ used }) => used?.memoryBytes ?? null)),
      usedProcesses: measuredSum(components.map(({ used }) => used?.processes ?? null)),
    },
    board: board
      ? { name: board.board, memoryBytes: board.memory, storageBytes: board.storage, cores: board.cores }
      : null,
  };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function measuredSum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? total(known) : null;
}

/** The needs as a table; `withUse` adds the columns of what was measured. */
export function formatNeeds(needs: SystemNeeds, withUse: boolean): string {
  const { sum, board } = needs;
  const use = (...cells: string[]) => (withUse ? cells : []);
  const head = [
    "COMPONENT",
    "MEMORY",
    ...use("USED"),
    "PROCESSES",
    ...use("USED"),
    "FILES",
    ...use("OPEN"),
    "STORAGE",
    "LEASES",
    "TRACE",
    "CPU",
    ...use("CPU TIME"),
  ];
  const rows = needs.components.map(({ used, ...one }) => [
    one.name,
    formatSize(one.memoryBytes),
    ...use(amount(used?.memoryBytes, mebibytes)),
    String(one.processes),
    ...use(amount(used?.processes, String)),
    String(one.openFiles),
    ...use(amount(used?.openFiles, String)),
    sizeOrNone(one.storageBytes),
    sizeOrNone(one.leaseBytes),
    sizeOrNone(one.traceBytes),
    one.cpu,
    ...use(amount(used?.cpuUs, (us) => `${(us / 1e6).toFixed(2)} s`)),
  ]);
  const last = [
    "sum",
    formatSize(sum.memoryBytes),
    ...use(amount(sum.usedMemoryBytes, mebibytes)),
    String(sum.processes),
    ...use(amount(sum.usedProcesses, String)),
    String(sum.openFiles),
    ...use(""),
    formatSize(sum.storageBytes),
    sizeOrNone(sum.leaseBytes),
    sizeOrNone(total(needs.components.map((one) => one.traceBytes))),
    sum.promisedPercent > 0 ? `${sum.promisedPercent} % of a core promised` : "nothing promised",
    ...use(""),
  ];
  return [formatColumns([head, ...rows, last]), "", ...notes(sum, board)].join("\n");
}

function notes({ memoryBytes, storageBytes, storeBytes }: SystemNeeds["sum"], board: SystemNeeds["board"]): string[] {
  const kept = `in the sums: leases as memory, and ${formatSize(storeBytes)} of storage kept while the management service is away`;
  if (board === null) return [kept];
  const has = [
    `${formatSize(board.memoryBytes)} of memory (${share(memoryBytes, board.memoryBytes)} promised)`,
    `${formatSize(board.storageBytes)} of storage (${share(storageBytes, board.storageBytes)} promised)`,
    `${board.cores} core${board.cores === 1 ? "" : "s"}`,
  ];
  return [kept, `board ${board.name} has ${has.join(", ")}`];
}

function guestWords({ runner, kvm }: PlannedComponent): string {
  if (runner !== "vm") return "";
  if (kvm === undefined) return ", emulated guest";
  return kvm === "required" ? ", guest by KVM" : ", guest by KVM or emulated";
}

const share = (part: number, whole: number): string => `${Math.round((part * 100) / whole)} %`;
const sizeOrNone = (bytes: number): string => (bytes === 0 ? "-" : formatSize(bytes));
const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)}Mi`;

function amount(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "-" : format(value);
}
