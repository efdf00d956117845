/** The device nodes that a driver gets: those of its devices, which the board names, and nothing else of /dev. */
import { realpath, stat } from "node:fs/promises";
import { BulkheadError, type Component } from "@bulkhead/protocol";
import { type Device, showDevice } from "../device/index.ts";
import type { Mount } from "../sandbox/index.ts";

/** Nodes that are not there are left out: the driver says so to who asks for the port, and its next start looks again. */
export async function deviceMounts(
  { config, paths }: Device,
  name: string,
  { devices, nodes = {} }: Component,
  uid: number | null,
): Promise<Mount[]> {
  if (config.board === "virtual") return [];
  const without = devices.filter((device) => !Object.hasOwn(nodes, device));
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
    if (!(await isTty(name, node))) return [];
    return [{ kind: "dev", source: await showDevice(paths, node, uid), target: `/dev/${device}` }];
  });
  return (await Promise.all(mounts)).flat();
}

/** False where there is nothing. Throws COMPONENT_START_FAILED for what is no terminal device: a board file that errs must not hand out /dev/mem. */
async function isTty(name: string, node: string): Promise<boolean> {
  const found = await stat(node).catch(() => undefined);
  if (found === undefined) return false;
  const [major, minor] = [(found.rdev >> 8) & 0xfff, (found.rdev & 0xff) | ((found.rdev >> 12) & 0xfff00)];
  const subsystem = found.isCharacterDevice()
    ? await realpath(`/sys/dev/char/${major}:${minor}/subsystem`).catch(() => "")
    : "";
  if (subsystem.endsWith("/class/tty")) return true;
  throw new BulkheadError("COMPONENT_START_FAILED", `${node}, which ${name} is to have as a serial port, is none`, {
    remedy: "correct `node` in the board file",
  });
}
