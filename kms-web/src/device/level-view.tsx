/** What isolates a component: one word, and behind it the layers that hold and those that are missing. */
import { heldLayers, type Level, lowerings } from "../format/level.ts";
import { Badge } from "../parts/badge.tsx";

export function LevelView({ level }: { level: Level | null }) {
  if (!level) return <span className="text-muted">—</span>;
  const lower = lowerings(level);
  const isFull = lower.length === 0;
  return (
    <details className="text-xs">
      <summary className="cursor-pointer whitespace-nowrap">
        <Badge tone={isFull ? "good" : "warn"}>{isFull ? "full" : "reduced"}</Badge>
      </summary>
      <ul className="mt-1.5 max-w-56 space-y-0.5 text-muted">
        {heldLayers(level).map((layer) => (
          <li key={layer}>✓ {layer}</li>
        ))}
        {lower.map((layer) => (
          <li key={layer} className="text-warn">
            ✗ {layer}
          </li>
        ))}
      </ul>
    </details>
  );
}
