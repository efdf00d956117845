/** A board's device tree, edited by the device tree compiler's own tool. */
import { randomBytes } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { execa } from "execa";
import { openTools } from "./tools.ts";

/** A number, or the node of that path, which the tree has a handle of. */
type Cell = number | string;

/** Of one node, which is made where it is not there: properties that go, and that come (text, or cells). */
export type Edit = {
  readonly node: string;
  readonly remove?: readonly string[];
  readonly set?: Readonly<Record<string, string | readonly Cell[]>>;
};

/** Writes `from` with the edits to `to`, and a seed for the kernel's random numbers: such boards have no other source that is emulated. */
export async function editDeviceTree(from: string, edits: readonly Edit[], to: string): Promise<void> {
  const tools = await openTools(["device-tree-compiler"]);
  const [program, ...rest] = tools.command("usr/bin/fdtput");
  const put = (args: readonly string[]) => execa(program, [...rest, ...args]);
  const [reader, ...before] = tools.command("usr/bin/fdtget");
  const inHex = async (cell: Cell) =>
    typeof cell === "number"
      ? cell.toString(16)
      : (await execa(reader, [...before, "-t", "x", from, cell, "phandle"])).stdout;
  await copyFile(from, to);
  for (const { node, remove = [], set = {} } of edits) {
    await put(["-p", "-c", to, node]);
    for (const name of remove) await put(["-d", to, node, name]);
    for (const [name, value] of Object.entries(set)) {
      if (typeof value === "string") await put(["-t", "s", to, node, name, value]);
      else await put(["-t", "x", to, node, name, ...(await Promise.all(value.map(inHex)))]);
    }
  }
  const seed = [...randomBytes(32)].map((byte) => byte.toString(16));
  await put(["-t", "bx", to, "/chosen", "rng-seed", ...seed]);
}
