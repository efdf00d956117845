/** A device tree as the kernel sees it: what it calls each device, and whether it is switched on. Read from dtc's text. */

export type Node = {
  readonly name: string;
  readonly parent: Node | undefined;
  readonly properties: Map<string, string>;
  readonly children: Node[];
};

/** The root of what `dtc -O dts` wrote. */
export function parseTree(text: string): Node {
  const above: Node[] = [];
  let root: Node | undefined;
  for (const line of text.split("\n").map((each) => each.trim())) {
    const opened = /^([\w,.+@/-]+) \{$/.exec(line)?.[1];
    const property = /^([\w,.#?+-]+)(?: = (.*))?;$/.exec(line);
    const parent = above.at(-1);
    if (opened !== undefined) {
      const node: Node = { name: opened === "/" ? "" : opened, parent, properties: new Map(), children: [] };
      parent?.children.push(node);
      root ??= node;
      above.push(node);
    } else if (line === "};") above.pop();
    else if (property?.[1] !== undefined) parent?.properties.set(property[1], property[2] ?? "");
  }
  if (root === undefined) throw new Error("this is no device tree");
  return root;
}

export function allNodes(node: Node): Node[] {
  return [node, ...node.children.flatMap(allNodes)];
}

/** As /sys/bus/<bus>/devices has it: `44e07000.gpio`, `30370000.snvs:snvs-rtc-lp` (of_device_make_bus_id() of the kernel). */
export function kernelName(node: Node): string {
  const base = node.name.split("@")[0] ?? "";
  const address = addressOf(node);
  if (address !== undefined) return `${address.toString(16)}.${base}`;
  return node.parent?.parent === undefined ? base : `${kernelName(node.parent)}:${base}`;
}

/** It and all above it are switched on. */
export function isOn(node: Node): boolean {
  const status = textsOf(node, "status")[0] ?? "okay";
  return ["okay", "ok"].includes(status) && (node.parent === undefined || isOn(node.parent));
}

export function textsOf({ properties }: Node, name: string): string[] {
  return [...(properties.get(name) ?? "").matchAll(/"([^"]*)"/g)].flatMap(([, text = ""]) => text.split("\\0"));
}

export function cellsOf({ properties }: Node, name: string): number[] {
  const lists = [...(properties.get(name) ?? "").matchAll(/<([^>]*)>/g)].map(([, list = ""]) => list.trim());
  return lists.flatMap((list) => (list === "" ? [] : list.split(/\s+/).map(Number)));
}

/** On the processor's bus; undefined where it has none there: a chip on an I2C bus, a group of pins. */
function addressOf(node: Node): number | undefined {
  let bus = node.parent;
  if (bus === undefined) return undefined;
  let width = count(bus, "#address-cells", 2);
  const reg = cellsOf(node, "reg");
  if (reg.length < width || reg.length === 0) return undefined;
  let address = joined(reg.slice(0, width));
  for (; bus.parent !== undefined; bus = bus.parent) {
    if (!bus.properties.has("ranges")) return undefined;
    const above: number = count(bus.parent, "#address-cells", 2);
    const translated = translate(bus, width, above, address);
    if (translated === undefined) return undefined;
    [address, width] = [translated, above];
  }
  return address;
}

function translate(bus: Node, width: number, above: number, address: number): number | undefined {
  const ranges = cellsOf(bus, "ranges");
  if (ranges.length === 0) return address;
  const row = width + above + count(bus, "#size-cells", 1);
  for (let at = 0; at + row <= ranges.length; at += row) {
    const [from, to] = [joined(ranges.slice(at, at + width)), joined(ranges.slice(at + width, at + width + above))];
    const size = joined(ranges.slice(at + width + above, at + row));
    if (address >= from && address < from + size) return to + address - from;
  }
  return undefined;
}

function count(node: Node, name: string, usual: number): number {
  return cellsOf(node, name)[0] ?? usual;
}

function joined(cells: readonly number[]): number {
  return cells.reduce((sum, cell) => sum * 2 ** 32 + cell, 0);
}
