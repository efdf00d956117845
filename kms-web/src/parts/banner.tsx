/** A line across the page that says something a person must not miss. It cannot be closed: it goes when its reason goes. */
import type { ReactNode } from "react";

const tones = {
  warn: "border-warn/40 bg-warn-soft text-warn",
  bad: "border-bad/40 bg-bad-soft text-bad",
} as const;

export function Banner({ tone, children }: { tone: keyof typeof tones; children: ReactNode }) {
  return (
    <div role={tone === "bad" ? "alert" : "status"} className={`border-b ${tones[tone]}`}>
      <div className="mx-auto max-w-6xl px-4 py-2 text-sm">{children}</div>
    </div>
  );
}
