/** Every channel of the system: who may call whom, with which limits, and whether it is up. */
import type { Channel, DeviceStatus } from "@bulkhead/protocol";
import { describeGrant } from "../format/grant.ts";
import { Badge } from "../parts/badge.tsx";

type ChannelState = DeviceStatus["channels"][number];

export function ChannelTable({ channels, states }: { channels: readonly Channel[]; states: readonly ChannelState[] }) {
  return (
    <table className="w-full text-sm">
      <thead className="border-b border-line text-xs text-muted">
        <tr>
          {["Client", "Provider", "Interface", "Grant", "Dependency", "State"].map((column) => (
            <th key={column} scope="col" className="px-4 py-2">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => {
          const { client, name, provider, service } = channel;
          return (
            <tr key={`${client}.${name}`} className="border-b border-line last:border-0">
              <th scope="row" className="px-4 py-2">
                {client}
                <span className="font-normal text-muted">.{name}</span>
              </th>
              <td className="px-4 py-2">
                {provider}
                <span className="text-muted">.{service}</span>
              </td>
              <td className="px-4 py-2 text-muted">{channel.interface}</td>
              <td className="px-4 py-2 font-mono text-xs text-muted">{describeGrant(channel.grant)}</td>
              <td className="px-4 py-2 text-muted">{channel.dependency}</td>
              <td className="px-4 py-2">
                <StateBadge state={states.find((state) => state.client === client && state.name === name)} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function StateBadge({ state }: { state: ChannelState | undefined }) {
  if (!state) return <span className="text-muted">—</span>;
  return <Badge tone={state.up ? "good" : "warn"}>{state.up ? "up" : "down"}</Badge>;
}
