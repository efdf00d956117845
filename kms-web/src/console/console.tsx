/** The live console of a device: follows, pauses, and shows one component where asked. */
import { useState } from "react";
import type { StoredLogLine } from "../api/types.ts";
import { Button } from "../parts/button.tsx";
import { Note } from "../parts/note.tsx";
import { Section } from "../parts/section.tsx";
import { ComponentFilter } from "./component-filter.tsx";
import { LineView } from "./line-view.tsx";
import { useFollow } from "./use-follow.ts";
import { useLog } from "./use-log.ts";

export function Console({ deviceId }: { deviceId: string }) {
  const { lines, dropped, problem } = useLog(deviceId);
  const [paused, setPaused] = useState<readonly StoredLogLine[]>();
  const [component, setComponent] = useState("");
  const components = [...new Set(lines.map((line) => line.component))].sort();
  const shown = (paused ?? lines).filter((line) => component === "" || line.component === component);
  const missed = paused ? lines.filter((line) => line.id > (paused.at(-1)?.id ?? -1)).length : 0;
  const { box, onScroll } = useFollow(paused ? undefined : shown.at(-1)?.id);

  const aside = (
    <>
      {dropped > 0 && <span className="text-xs text-warn">{dropped} lines were lost on the device</span>}
      <ComponentFilter components={components} value={component} onChange={setComponent} />
      <Button small aria-pressed={paused !== undefined} onClick={() => setPaused(paused ? undefined : lines)}>
        {paused ? `Go on${missed > 0 ? ` (${missed} new)` : ""}` : "Pause"}
      </Button>
    </>
  );
  return (
    <Section title="Console" aside={aside} flush>
      <div
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label="Console lines"
        // A region that scrolls must be reachable by keyboard.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above (WCAG 2.1.1; axe rule scrollable-region-focusable)
        tabIndex={0}
        className="h-96 overflow-auto py-2 font-mono text-xs leading-5"
      >
        {shown.map((line) => (
          <LineView key={line.id} line={line} />
        ))}
        {shown.length === 0 && (
          <Note>{problem ? `The console cannot be read: ${problem.detail}` : "No lines yet."}</Note>
        )}
      </div>
    </Section>
  );
}
