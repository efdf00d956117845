/** The last commands to a device and what became of them. */
import type { Command } from "@bulkhead/protocol";
import { useCommands } from "../api/queries.ts";
import type { StoredCommand } from "../api/types.ts";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Section } from "../parts/section.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

const shownCommands = 5;

const tones: Record<StoredCommand["state"], Tone> = {
  pending: "quiet",
  delivered: "warn",
  done: "good",
  refused: "bad",
  failed: "bad",
  expired: "bad",
};

export function CommandList({ deviceId }: { deviceId: string }) {
  const { data: commands } = useCommands(deviceId);
  if (!commands || commands.length === 0) return null;
  const newestFirst = [...commands].sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, shownCommands);
  return (
    <Section title="Commands" flush>
      <ul className="divide-y divide-line text-sm" aria-live="polite">
        {newestFirst.map(({ id, command, state, code, message, createdAtMs, signed }) => (
          <li key={id} className="flex flex-wrap items-baseline gap-3 px-4 py-2.5">
            <span className="font-medium">{describe(command)}</span>
            <Badge tone={tones[state]}>{state}</Badge>
            {signed && (
              <Badge tone="quiet" title={signed.signatures.map(({ key }) => key).join(", ")}>
                signed
              </Badge>
            )}
            <span className="grow text-muted">
              {message} {code && <span className="font-mono text-xs">{code}</span>}
            </span>
            <span className="text-xs text-muted">
              <TimeAgo atMs={createdAtMs} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function describe(command: Command): string {
  switch (command.kind) {
    case "restart-component":
      return `Restart ${command.component}`;
    case "restart-runtime":
      return "Restart runtime";
    case "verify":
      return "Verify";
    case "trace":
      return `Trace ${command.action}: ${command.component ?? "all components"}`;
    case "report":
      return "Report state";
    case "admit":
      return `Key of deployment ${command.deployment}`;
    case "challenge":
      return "Ask what an operator is to sign";
    case "deploy":
      return `Deploy ${command.target.replace(/\.json$/, "")}`;
  }
}
