/** What each component may use of the machine: devices, network, processor, memory. All else is denied. */
import type { Component, System } from "@bulkhead/protocol";
import { formatBytes } from "../format/bytes.ts";

export function PermissionTable({ components }: { components: System["components"] }) {
  return (
    <table className="w-full text-sm">
      <thead className="border-b border-line text-xs text-muted">
        <tr>
          {["Component", "Devices", "Network", "Processor", "Memory", "Processes", "Restart"].map((column) => (
            <th key={column} scope="col" className="px-4 py-2">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {Object.entries(components).map(([name, component]) => (
          <tr key={name} className="border-b border-line last:border-0">
            <th scope="row" className="px-4 py-2">
              {name}
            </th>
            <td className="px-4 py-2">{component.devices.join(", ") || <None />}</td>
            <td className="px-4 py-2">{component.network.join(", ") || <None />}</td>
            <td className="px-4 py-2 whitespace-nowrap text-muted">{describeCpu(component.cpu)}</td>
            <td className="px-4 py-2 whitespace-nowrap text-muted">{formatBytes(component.memoryBytes)}</td>
            <td className="px-4 py-2 text-muted tabular-nums">{component.processes}</td>
            <td className="px-4 py-2 text-muted">{component.restart.policy}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function None() {
  return <span className="text-muted">none</span>;
}

function describeCpu(cpu: Component["cpu"]): string {
  if (cpu.class === "deadline") return `${cpu.budgetUs / 1000} ms every ${cpu.periodUs / 1000} ms`;
  return cpu.quotaPercent === undefined
    ? `weight ${cpu.weight}`
    : `weight ${cpu.weight}, at most ${cpu.quotaPercent} %`;
}
