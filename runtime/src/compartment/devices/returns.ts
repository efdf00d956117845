/**
 * Sees devices that came, or came back, after their driver was started. The kernel makes a device anew when it is plugged in again, so
 * what a sandbox was shown of it leads nowhere for ever: its driver has to be started once more. sysfs tells nobody, so it is looked at.
 */
import { stat } from "node:fs/promises";
import type { Component, System } from "@bulkhead/protocol";
import type { Device } from "../../device/index.ts";
import { findAttributes } from "./attributes.ts";
import { kernelsRoots, type Roots } from "./find.ts";
import { findNode } from "./nodes.ts";

/** How long a device that is back may go unnoticed. */
const lookMs = 5000;

export type Returns = {
  /** Remembers what is there. To be called before `name` is given its mounts, so that nothing comes unseen between. */
  note(name: string): Promise<void>;
  /** Looks now; it is done every few seconds. */
  look(): Promise<void>;
  stop(): void;
};

/** By the board's name of what is there: equal as long as it is the same in the kernel. */
type Presence = ReadonlyMap<string, string>;

/** `restart` is told once for each life of a driver. On board `virtual` nothing is looked at. */
export function watchReturns(
  { config }: Pick<Device, "config">,
  system: () => Pick<System, "components">,
  restart: (name: string, reason: string) => void,
  { roots, everyMs }: { roots: Roots; everyMs: number } = { roots: kernelsRoots, everyMs: lookMs },
): Returns {
  const seen = new Map<string, Presence>();
  const placed = (name: string) => {
    const component = system().components[name];
    return component?.role === "driver" && config.board !== "virtual" ? component : undefined;
  };

  async function look(): Promise<void> {
    for (const [name, before] of seen) {
      const component = placed(name);
      const now = component === undefined ? before : await presenceOf(name, component, roots);
      const back = [...now].filter(([device, identity]) => before.get(device) !== identity).map(([device]) => device);
      // It may have been started anew meanwhile.
      if (back.length === 0 || seen.get(name) !== before) continue;
      seen.delete(name);
      restart(name, `${back.join(", ")} is there ${back.some((device) => before.has(device)) ? "again" : "now"}`);
    }
  }
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  function next(): void {
    if (isStopped) return;
    timer = setTimeout(() => void look().finally(next), everyMs).unref();
  }
  next();

  return {
    look,
    async note(name) {
      const component = placed(name);
      if (component !== undefined) seen.set(name, await presenceOf(name, component, roots));
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

async function presenceOf(owner: string, { nodes = {}, attributes = {} }: Component, roots: Roots): Promise<Presence> {
  const found = new Map<string, string>();
  // What is wrong with a place is told when the driver is started.
  const unknown = () => undefined;
  for (const [name, place] of Object.entries(nodes)) {
    const node = await findNode(owner, place, roots).catch(unknown);
    const facts = node && (await stat(node.path).catch(unknown));
    if (facts) found.set(name, `${node.kind === "lent" ? facts.ino : ""} ${facts.rdev}`);
  }
  for (const [name, place] of Object.entries(attributes)) {
    const directory = await findAttributes(place, roots).catch(unknown);
    const facts = directory && (await stat(directory).catch(unknown));
    // The kernel gives each directory of sysfs a number that no earlier one had.
    if (facts) found.set(`${name} (attributes)`, `${directory} ${facts.ino}`);
  }
  return found;
}
