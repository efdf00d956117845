/** What a system lets each component do, as single permissions that can be compared. Pure. */
import { type Channel, describeRange } from "@bulkhead/protocol";
import { formatSize, type Plan, type PlannedComponent } from "@bulkhead/protocol/manifest";
import { termsOf } from "../why/explain.ts";

/** `subject` says what it is about, `value` how much of it: the same subject with another value is a change. */
export type Permission = { readonly subject: string; readonly value: string };

/** Everything that `plan` grants, by component; under `system` what holds for the whole device. */
export function permissionsOf(plan: Plan): Map<string, Permission[]> {
  const components = Object.entries(plan.components).map(([name, component]): [string, Permission[]] => [
    name,
    [...channelsOf(plan, name), ...componentPermissions(component)],
  ]);
  return new Map([["system", systemPermissions(plan)], ...components]);
}

function systemPermissions({ board, policy, sleep, store, overlayable }: Plan): Permission[] {
  return [
    { subject: "board", value: board },
    ...(policy.unsignedCommands ? [plain("commands without an operator's signature")] : []),
    ...(policy.requireFullLevel ? [] : [plain("levels of isolation that drop")]),
    ...(sleep === null ? [] : [{ subject: "sleep", value: `${sleep.awakeMs} ms in every ${sleep.everyMs} ms` }]),
    ...Object.entries(store).map(([kind, bytes]) => ({
      subject: `store for ${kind.replace(/Bytes$/, "")}`,
      value: formatSize(bytes),
    })),
    ...Object.entries(overlayable?.values ?? {}).map(([place, range]) => ({
      subject: `overlays may set ${place}`,
      value: describeRange(range),
    })),
  ];
}

function channelsOf(plan: Plan, name: string): Permission[] {
  return plan.channels
    .filter(({ client }) => client === name)
    .map((channel) => ({
      subject: `channel ${channel.name}`,
      value: withoutName(channel),
    }));
}

const withoutName = (channel: Channel): string => termsOf(channel).replace(/^[^:]+: /, "");
const plain = (subject: string): Permission => ({ subject, value: "" });

function componentPermissions(component: PlannedComponent): Permission[] {
  const { image, cpu, cores, storage, trustGroup } = component;
  return [
    { subject: "image", value: "core" in image ? "core server" : imageOf(image) },
    { subject: "runner", value: `${component.runner}, ${component.environment}` },
    ...(trustGroup === null ? [] : [{ subject: "trust group", value: trustGroup }]),
    ...(component.kvm === undefined ? [] : [{ subject: "KVM", value: component.kvm }]),
    ...component.devices.map((device) => plain(`device ${device}`)),
    ...component.network.map((proxy) => plain(`network ${proxy}`)),
    ...component.secrets.map((secret) => plain(`secret ${secret}`)),
    ...component.attach.map((tool) => plain(`attaching ${tool}`)),
    { subject: "cpu", value: `${cpuWords(cpu)}${cores.length > 0 ? ` on core ${cores.join(", ")}` : ""}` },
    {
      subject: "memory",
      value: `${formatSize(component.memoryBytes)}${component.spare ? ", twice for its spare" : ""}`,
    },
    { subject: "processes", value: String(component.processes) },
    { subject: "open files", value: String(component.openFiles) },
    ...(storage.quotaBytes > 0
      ? [{ subject: "storage", value: `${formatSize(storage.quotaBytes)}${storage.keep ? ", kept over updates" : ""}` }]
      : []),
    { subject: "escalates to", value: component.restart.escalate },
    { subject: "requires", value: component.requires.join(", ") || "nothing" },
  ];
}

/** A built image is told by its digest too: the same folder may hold other code. */
function imageOf(image: { source: string; artifact?: string }): string {
  return image.artifact === undefined ? image.source : `${image.source} ${image.artifact.slice(0, 12)}`;
}

/** The share of processor time in words. */
export function cpuWords(cpu: PlannedComponent["cpu"]): string {
  if (cpu.class === "deadline") return `${cpu.budgetUs / 1000} ms in every ${cpu.periodUs / 1000} ms`;
  return `weight ${cpu.weight}${cpu.quotaPercent === undefined ? "" : `, at most ${cpu.quotaPercent} %`}`;
}
