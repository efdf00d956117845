/** What each component takes of the machine, beside what the kernel holds it to and what the manifest declares. */
import type { ComponentResources, Resources } from "@bulkhead/protocol";
import type { ReactNode } from "react";
import { useResources } from "../api/queries.ts";
import { formatBytes } from "../format/bytes.ts";
import { describeShare, formatCpuTime, hadProcess, judgeLimit, sumMemory } from "../format/resources.ts";
import { Badge } from "../parts/badge.tsx";
import { Note, ProblemNote } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

const columns = [
  "Component",
  "Memory",
  "Limit",
  "Declared",
  "Processor time",
  "Processor share",
  "Processes",
  "Open files",
];

export function ResourceTable({ deviceId }: { deviceId: string }) {
  const { data, error } = useResources(deviceId);
  if (error && !data) return <ProblemNote error={error} what="The use of resources cannot be read" />;
  const { resources, receivedAtMs } = data ?? { resources: null, receivedAtMs: null };
  if (!resources) {
    return (
      <Section title="Resources">
        <Note>The device has not reported what its components take since this server started.</Note>
      </Section>
    );
  }
  return (
    <Section
      title="Resources"
      aside={<span className="text-xs text-muted">{receivedAtMs !== null && <TimeAgo atMs={receivedAtMs} />}</span>}
      flush
    >
      {resources.cgroup === "none" && (
        <p className="border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn">
          No limit is enforced: the device has no control groups. A component can take more than it declares.
        </p>
      )}
      <Table cgroup={resources.cgroup} components={resources.components} />
    </Section>
  );
}

function Table({ cgroup, components }: Resources) {
  const together = sumMemory(components);
  return (
    <table className="w-full text-sm">
      <thead className="border-b border-line text-xs text-muted">
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" className="px-4 py-2">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {components.map((component) => (
          <Row key={component.name} component={component} isRunning={hadProcess(cgroup, component)} />
        ))}
      </tbody>
      <tfoot className="border-t border-line text-muted">
        <tr>
          <th scope="row" className="px-4 py-2">
            together
          </th>
          <Cell>{amount(together.used, formatBytes)}</Cell>
          <td />
          <Cell>{formatBytes(together.declared)}</Cell>
          <td colSpan={4} />
        </tr>
      </tfoot>
    </table>
  );
}

type RowProps = { component: ComponentResources; isRunning: boolean };

function Row({ component: { name, declared, enforced, used }, isRunning }: RowProps) {
  if (!isRunning) return <NotRunning name={name} declared={declared} />;
  return (
    <tr className="border-b border-line align-top last:border-0">
      <th scope="row" className="px-4 py-2">
        {name}
      </th>
      <Cell>{amount(used.memoryBytes, formatBytes)}</Cell>
      <Cell>
        <Limit enforced={enforced.memoryBytes} declared={declared.memoryBytes} format={formatBytes} />
      </Cell>
      <Cell quiet>{formatBytes(declared.memoryBytes)}</Cell>
      <Cell>{amount(used.cpuUs, formatCpuTime)}</Cell>
      <Cell>
        <Share enforced={describeShare(enforced)} declared={declared.cpu} />
      </Cell>
      <Cell>
        {amount(used.processes, String)} of{" "}
        <Limit enforced={enforced.processes} declared={declared.processes} format={String} />
      </Cell>
      <Cell>
        {amount(used.openFiles, String)} of {amount(declared.openFiles, String)}
      </Cell>
    </tr>
  );
}

/** It had no process when the device looked, so nothing can be said of what holds it. */
function NotRunning({ name, declared }: Pick<ComponentResources, "name" | "declared">) {
  return (
    <tr className="border-b border-line align-top last:border-0">
      <th scope="row" className="px-4 py-2">
        {name}
      </th>
      <Cell quiet>—</Cell>
      <Cell quiet>not running</Cell>
      <Cell quiet>{formatBytes(declared.memoryBytes)}</Cell>
      <Cell quiet>—</Cell>
      <Cell quiet>declared: {declared.cpu}</Cell>
      <Cell quiet>not running</Cell>
      <Cell quiet>not running</Cell>
    </tr>
  );
}

function Cell({ quiet = false, children }: { quiet?: boolean; children: ReactNode }) {
  return <td className={`px-4 py-2 whitespace-nowrap tabular-nums ${quiet ? "text-muted" : ""}`}>{children}</td>;
}

type LimitProps = { enforced: number | null; declared: number; format: (amount: number) => string };

function Limit({ enforced, declared, format }: LimitProps) {
  if (enforced === null) return <NotEnforced declared={format(declared)} />;
  if (judgeLimit(enforced, declared) === "held") return format(enforced);
  return (
    <Badge tone="warn" title={`the manifest declares ${format(declared)}`}>
      {format(enforced)}
    </Badge>
  );
}

/** A deadline of the manifest is held by a quota, so what is enforced need not read like what is declared. */
function Share({ enforced, declared }: { enforced: string | undefined; declared: string }) {
  return (
    <>
      {enforced ?? <NotEnforced declared={declared} />}
      {enforced !== declared && <div className="text-xs text-muted">declared: {declared}</div>}
    </>
  );
}

function NotEnforced({ declared }: { declared: string }) {
  return (
    <Badge tone="warn" title={`the manifest declares ${declared}, and the kernel allows any`}>
      not enforced
    </Badge>
  );
}

function amount(value: number | null, format: (value: number) => string): string {
  return value === null ? "—" : format(value);
}
