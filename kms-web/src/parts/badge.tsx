/** A word with a tone: states, levels, connections. The word says it; the colour only helps. */
import type { ReactNode } from "react";

export type Tone = "good" | "warn" | "bad" | "quiet";

const tones: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  quiet: "bg-raised text-muted",
};

export function Badge({ tone, title, children }: { tone: Tone; title?: string; children: ReactNode }) {
  return (
    <span
      title={title}
      className={`inline-block rounded px-1.5 py-0.5 text-xs leading-4 font-medium whitespace-nowrap ${tones[tone]}`}
    >
      {children}
    </span>
  );
}
