/**
 * A plan: a system whose artifacts are not built yet. `check` ends with it; `build` fills in the digests. It is what all
 * rules of the analysis read.
 */
import type { Component, System } from "../system.ts";

/** `./folder` and `driver:<class>` wait for their artifact; `core` needs none. */
export type PlannedImage = { readonly core: string } | { readonly source: string };
export type PlannedComponent = Omit<Component, "image"> & { readonly image: PlannedImage };
export type Plan = Omit<System, "components"> & { readonly components: Readonly<Record<string, PlannedComponent>> };

/** The system of a plan. `artifactOf` gives the digest of the artifact that was built from an image. */
export function completePlan(plan: Plan, artifactOf: (source: string, component: string) => string): System {
  const components = Object.entries(plan.components).map(([name, component]): [string, Component] => {
    const { image } = component;
    const built = "core" in image ? image : { artifact: artifactOf(image.source, name), source: image.source };
    return [name, { ...component, image: built }];
  });
  return { ...plan, components: Object.fromEntries(components) };
}
