/** The level of isolation that each component reached, and what the host has to give, as tables for people. */
import type { ComponentStatus, HostLayer } from "@bulkhead/protocol";

/** One line a component: what holds it, and what it has to do without. */
export function formatLevels(components: readonly ComponentStatus[]): string {
  const width = Math.max(...components.map(({ name }) => name.length));
  return components.map((component) => `  ${component.name.padEnd(width)}  ${describe(component)}`).join("\n");
}

function describe({ state, level }: ComponentStatus): string {
  if (level === null) return state;
  const layers = [
    `${level.uid} uid`,
    `${level.namespaces.length} namespaces`,
    Number.parseInt(level.capabilities, 16) === 0
      ? "no capabilities"
      : `capabilities ${level.capabilities.replace(/^0+/, "")}`,
    level.seccomp ? "seccomp" : "no seccomp",
    level.cgroup === "none" ? "no cgroup" : `cgroup ${level.cgroup}`,
    ...(level.cores === "applied" ? ["cores"] : []),
    ...(level.deadline === "applied" ? ["deadline"] : []),
  ];
  const lower = [
    ...(level.missing.length > 0 ? [`without ${level.missing.join(", ")}`] : []),
    ...(level.writesSysfs ? ["writes sysfs"] : []),
  ];
  return [layers.join(", "), ...lower].join("; ");
}

/** One line for each layer of the host that is not in use, with the reason; "" where all are. */
export function formatHostLayers(layers: readonly HostLayer[] = []): string {
  const without = layers.filter(({ state }) => state !== "used");
  return without.map(({ layer, state, detail }) => `  ${layer} of this host is ${state}: ${detail}\n`).join("");
}
