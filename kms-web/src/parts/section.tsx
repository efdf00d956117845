/** One part of a page: a heading, what belongs to it at the right, and its content on a card. */
import { type ReactNode, useId } from "react";

type Props = { title: string; aside?: ReactNode; flush?: boolean; children: ReactNode };

export function Section({ title, aside, flush = false, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="mt-8">
      <div className="mb-2 flex flex-wrap items-center gap-3">
        <h2 id={id} className="text-sm font-semibold tracking-tight">
          {title}
        </h2>
        <span className="grow" />
        {aside}
      </div>
      <div className={`relative overflow-x-auto rounded-lg border border-line bg-surface ${flush ? "" : "p-4"}`}>
        {children}
      </div>
    </section>
  );
}
