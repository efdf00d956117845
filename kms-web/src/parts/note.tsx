/** What stands where there is nothing to show: still loading, empty, or a problem with its code and its way out. */
import type { ReactNode } from "react";
import { problemOf } from "../api/client.ts";

export function Note({ children }: { children: ReactNode }) {
  return <p className="p-6 text-center text-sm text-muted">{children}</p>;
}

export function ProblemNote({ error, what }: { error: unknown; what: string }) {
  const { code, detail, remedy } = problemOf(error);
  return (
    <div role="alert" className="p-4 text-sm">
      <p>
        {what}: {detail} <span className="font-mono text-xs text-muted">{code}</span>
      </p>
      {remedy && <p className="mt-1 text-muted">{remedy}</p>}
    </div>
  );
}
