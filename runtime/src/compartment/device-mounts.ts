/** The device nodes that a driver gets: those of its devices, which the board names, and nothing else of /dev. */
import { existsSync } from "node:fs";
import { chown, realpath } from "node:fs/promises";
import { BulkheadError, type Component } from "@bulkhead/protocol";
import { type Device, showDevice } from "../device/index.ts";
import type { Mount } from "../sandbox/index.ts";
import { type TtyKind, ttyKind } from "./tty-kind.ts";

/** Nodes that are not there are left out: the driver says so to who asks for the port, and its next start looks again. */
export async function deviceMounts(
  { config, paths }: Device,
  name: string,
  { devices, nodes = {} }: Component,
  uid: number | null,
): Promise<Mount[]> {
  if (config.board === "virtual") return [];
  const without = devices.filter((device) => typeof nodes[device] !== "string");
  if (without.length > 0) {
    throw new BulkheadError(
      "COMPONENT_START_FAILED",
      `${name} needs ${without.join(", ")} of the board ${config.board}`,
      {
        remedy: "use the board `virtual`: this version opens serial ports of real boards, and no other devices yet",
      },
    );
  }
  const mounts = Object.entries(nodes).map(async ([device, node]): Promise<Mount[]> => {
    if (typeof node !== "string") return [];
    const kind = await portKind(name, node);
    if (kind === undefined) return [];
    const source = kind === "serial" ? await showDevice(paths, node, uid) : await lend(node, uid);
    return [{ kind: "dev", source, target: `/dev/${device}` }];
  });
  return (await Promise.all(mounts)).flat();
}

/** Undefined where there is nothing. Throws COMPONENT_START_FAILED for what is no port: a board file that errs must not hand out /dev/mem. */
async function portKind(name: string, node: string): Promise<TtyKind | undefined> {
  if (!existsSync(node)) return undefined;
  const kind = await ttyKind(node);
  if (kind !== undefined) return kind;
  throw new BulkheadError("COMPONENT_START_FAILED", `${node}, which ${name} is to have as a serial port, is none`, {
    remedy: "correct `node` in the board file",
  });
}

/** A node of our own would lead nowhere: the kernel finds a pseudo terminal by the file system that its node is in (fs/devpts). */
async function lend(node: string, uid: number | null): Promise<string> {
  const own = await realpath(node);
  if (uid !== null) await chown(own, uid, uid);
  return own;
}
