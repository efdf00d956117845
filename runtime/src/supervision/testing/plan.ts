/** Supervision plans for tests, from a few words. */
import type { Component, Role, System } from "@bulkhead/protocol";
import { planSupervision, type SupervisionPlan } from "../plan.ts";

export const testRestart: Component["restart"] = {
  policy: "permanent",
  intensity: 3,
  periodMs: 60_000,
  backoff: { initialMs: 100, factorPercent: 200, maxMs: 1000 },
  hold: false,
  escalate: "group",
};

type Sketch = {
  role?: Role;
  strong?: readonly string[];
  weak?: readonly string[];
  restart?: Partial<Component["restart"]>;
  spare?: boolean;
};

/** A plan of components in the order given; `strong` and `weak` name their providers. */
export function sketchPlan(sketch: Readonly<Record<string, Sketch>>): SupervisionPlan {
  const startOrder = Object.keys(sketch);
  const components = startOrder.map((name) => {
    const { role = "application", restart = {}, spare = false } = sketch[name] ?? {};
    const heartbeat = { periodMs: 1000, missed: 3 };
    return [name, { role, restart: { ...testRestart, ...restart }, heartbeat, readyMs: 5000, stopMs: 1000, spare }];
  });
  const channels = startOrder.flatMap((client) =>
    (["strong", "weak"] as const).flatMap((dependency) =>
      (sketch[client]?.[dependency] ?? []).map((provider) => ({ client, name: provider, provider, dependency })),
    ),
  );
  // Supervision reads nothing else of a system.
  return planSupervision({ startOrder, components: Object.fromEntries(components), channels } as unknown as System);
}
