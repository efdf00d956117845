/** What the device's kernel has to give, layer by layer. Nothing for an older device. */
import type { HostLayer } from "@bulkhead/protocol";
import { Badge, type Tone } from "../parts/badge.tsx";
import { Section } from "../parts/section.tsx";

const tones: Record<HostLayer["state"], Tone> = { used: "good", unused: "quiet", missing: "warn" };

export function HostView({ layers }: { layers: readonly HostLayer[] | undefined }) {
  if (!layers || layers.length === 0) return null;
  return (
    <Section title="Layers of its host">
      <ul className="space-y-1 text-sm">
        {layers.map(({ layer, state, detail }) => (
          <li key={layer} className="flex flex-wrap items-baseline gap-3">
            <Badge tone={tones[state]}>{state}</Badge>
            <span className="font-medium">{layer}</span>
            <span className="text-muted">{detail}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
