/** A test world in which all components are up. */
import assert from "node:assert/strict";
import { isHealthy } from "../state.ts";
import { sketchPlan } from "./plan.ts";
import { makeWorld, type World } from "./world.ts";

export function started(sketch: Parameters<typeof sketchPlan>[0]): World {
  const world = makeWorld(sketchPlan(sketch));
  world.happen({ kind: "start" });
  world.settle();
  assert.ok(isHealthy(world.state()));
  return world;
}
