/**
 * The places of a system that an overlay can set at all: a setting of a component, its memory, its proxies. There is no
 * path to anything else: not to an image, a device, a channel, a secret, a limit of another kind. Pure.
 */
import { z } from "zod";
import type { Json } from "../canonical-json.ts";
import type { Component, System } from "../system.ts";
import type { OverlayValue } from "./range.ts";

/** `climate.config.fanOnMilliC`, `climate.memory`, `telemetry.network`. */
export const placeSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}\.(memory|network|config\.[A-Za-z][A-Za-z0-9_-]{0,63})$/,
    "a place is `<component>.config.<key>`, `<component>.memory` or `<component>.network`",
  );

type Place = { readonly component: string; readonly member: "memory" | "network" | "config"; readonly key: string };

function parsePlace(place: string): Place | undefined {
  if (!placeSchema.safeParse(place).success) return undefined;
  const [component = "", member = "", key = ""] = place.split(".");
  return { component, member: member as Place["member"], key };
}

type Settable = Pick<Component, "memoryBytes" | "network" | "config">;

/** What stands at `place` of a system, or a plan of one; undefined where there is no such place. */
export function valueAt(
  { components }: { readonly components: Readonly<Record<string, Settable>> },
  place: string,
): Json | undefined {
  const parsed = parsePlace(place);
  const component = parsed && Object.hasOwn(components, parsed.component) ? components[parsed.component] : undefined;
  if (parsed === undefined || component === undefined) return undefined;
  if (parsed.member === "memory") return component.memoryBytes;
  if (parsed.member === "network") return component.network;
  const config = settingsOf(component);
  return Object.hasOwn(config, parsed.key) ? config[parsed.key] : undefined;
}

/** The system with `value` at `place`, which it must have. Types are the caller's to look at. */
export function withValueAt(system: System, place: string, value: OverlayValue): System {
  const parsed = parsePlace(place);
  const before = parsed && system.components[parsed.component];
  if (parsed === undefined || before === undefined) throw new TypeError(`the system has no place ${place}`);
  return { ...system, components: { ...system.components, [parsed.component]: changed(before, parsed, value) } };
}

/** The system without what stands at `places`: what no overlay can have touched. */
export function withoutPlaces(system: System, places: readonly string[]): Json {
  const components = structuredClone(system.components) as Record<string, Record<string, unknown>>;
  for (const place of places) {
    const parsed = parsePlace(place);
    const component = parsed && Object.hasOwn(components, parsed.component) ? components[parsed.component] : undefined;
    if (parsed === undefined || component === undefined) continue;
    if (parsed.member === "memory") delete component["memoryBytes"];
    else if (parsed.member === "network") delete component["network"];
    else if (isRecord(component["config"])) delete component["config"][parsed.key];
  }
  return { ...system, components } as unknown as Json;
}

function changed(component: Component, { member, key }: Place, value: OverlayValue): Component {
  if (member === "memory") return { ...component, memoryBytes: value as number };
  if (member === "network") return { ...component, network: value as string[] };
  return { ...component, config: { ...settingsOf(component), [key]: value } as Component["config"] };
}

function settingsOf({ config }: Settable): { readonly [key: string]: Json | undefined } {
  return isRecord(config) ? (config as { [key: string]: Json | undefined }) : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
