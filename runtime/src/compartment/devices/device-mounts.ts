/** What a driver sees of its devices: the nodes and attributes that the system gives to it, and nothing else of /dev and /sys. */
import { chown, realpath } from "node:fs/promises";
import { BulkheadError, type Component, shownNode } from "@bulkhead/protocol";
import { z } from "zod";
import { type Device, showDevice } from "../../device/index.ts";
import type { Mount } from "../../sandbox/index.ts";
import { attributeMounts, unexportLines } from "./attributes.ts";
import { kernelsRoots, type Roots } from "./find.ts";
import { findNode } from "./nodes.ts";

/** What is not there is left out: the driver says so to who asks for it, and its next start looks again. */
export async function deviceMounts(
  { config, paths, log }: Device,
  name: string,
  component: Component,
  uid: number | null,
  roots: Roots = kernelsRoots,
): Promise<Mount[]> {
  if (config.board === "virtual") return [];
  refuseUnplaced(config.board, name, component);
  const { nodes = {}, attributes = {} } = component;
  await freeLines(component, roots);
  const shown = Object.entries(nodes).map(async ([device, place]): Promise<Mount[]> => {
    const node = await findNode(name, place, roots);
    if (node === undefined) return [];
    const source =
      node.kind === "lent" ? await lend(node.path, uid) : await showDevice(paths, node.path, uid, `device-${device}`);
    return [{ kind: "dev", source, target: shownNode(device) }];
  });
  const told = (line: string) => log.line(`${name}: ${line}`);
  const seen = Object.entries(attributes).map(([device, place]) =>
    attributeMounts({ name: device, uid, log: told }, place, roots),
  );
  return (await Promise.all([...shown, ...seen])).flat();
}

/** A device of whose place the system says nothing was compiled for a board without hardware, or by a compiler that did not know the class. */
function refuseUnplaced(board: string, name: string, { devices, nodes, attributes, interfaces }: Component): void {
  const placed = Object.keys({ ...nodes, ...attributes, ...interfaces });
  const isPlaced = (device: string) => placed.some((place) => place === device || place.startsWith(`${device}-`));
  // Of pins there is nothing where no grant names one.
  const without = devices.filter((device) => device !== "gpio" && !isPlaced(device));
  if (without.length === 0) return;
  throw new BulkheadError("COMPONENT_START_FAILED", `${name} needs ${without.join(", ")} of the board ${board}`, {
    remedy: "build the system anew: its board file says where its devices are",
  });
}

const pinsSchema = z.object({ pins: z.record(z.string(), z.object({ bank: z.number(), line: z.number() })) });

/** Lines that an earlier generation had by sysfs, and this one has by the character device. */
async function freeLines({ nodes = {}, config }: Component, roots: Roots): Promise<void> {
  const pins = Object.values(pinsSchema.safeParse(config).data?.pins ?? {});
  for (const [name, place] of Object.entries(nodes)) {
    if (typeof place === "string" || place.subsystem !== "gpio" || !("at" in place)) continue;
    const lines = pins.filter(({ bank }) => name.endsWith(`-${bank}`)).map(({ line }) => line);
    await unexportLines(place.at, lines, roots);
  }
}

/** A node of our own would lead nowhere: the kernel finds a pseudo terminal by the file system that its node is in (fs/devpts). */
async function lend(node: string, uid: number | null): Promise<string> {
  const own = await realpath(node);
  if (uid !== null) await chown(own, uid, uid);
  return own;
}
