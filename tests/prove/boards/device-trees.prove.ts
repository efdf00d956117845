/**
 * Board files against device trees: every controller that a file names is what the kernel calls a device that is switched on, in Debian's tree
 * with our overlay; every pin of a BeagleBone is the line of that name. What the makers' own trees say is not here: see the files.
 */
import { type Board, parseBoard } from "@bulkhead/protocol/manifest";
import { describe, expect, test } from "vitest";
import { debianTree, readBoardText, virtTree } from "./sources.ts";
import { allNodes, cellsOf, isOn, kernelName, type Node, textsOf } from "./tree.ts";

const arm64 = { architecture: "arm64", package: "linux-image-arm64" };
const armhf = { architecture: "armhf", package: "linux-image-armmp" };

async function boardOf(name: string): Promise<Board> {
  const parsed = parseBoard({ file: name, text: await readBoardText(name) });
  if ("errors" in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.board;
}

function controllersOf({ devices }: Board): string[] {
  return Object.values(devices).flatMap((device) => {
    if (device.class === "gpio") return device.controllers ?? [];
    return "at" in device && device.at !== undefined ? [device.at] : [];
  });
}

/** Those that the tree does not have so; `switchedOn`: and on. */
function strangers(board: Board, tree: Node, switchedOn: boolean): string[] {
  const there = allNodes(tree).filter((node) => !switchedOn || isOn(node));
  const names = new Set(there.map(kernelName));
  return controllersOf(board).filter((name) => {
    const [controller = "", chip] = name.split("/");
    if (chip === undefined) return !names.has(controller);
    return !there.some((node) => kernelName(node) === controller);
  });
}

describe.each([
  ["beaglebone-black", armhf],
  ["nitrogen6-solox", armhf],
  ["imx8mm-evk", arm64],
  ["imx8mp-evk", arm64],
])("[K18] %s and Debian's tree with our overlay", (name, kernel) => {
  test("the kernel package is the file's, every controller is there under its name and on, every LED has its label", async () => {
    const board = await boardOf(name);
    const { "device-tree": file = "", "device-tree-overlay": overlay } = board.image ?? {};
    expect(board.image?.kernel).toBe(kernel.package);
    const tree = await debianTree(kernel, file, overlay);
    expect(strangers(board, tree, true)).toEqual([]);
    const labels = allNodes(tree).flatMap((node) => textsOf(node, "label"));
    const leds = Object.values(board.devices).flatMap((device) =>
      device.class === "leds" ? [device.label ?? ""] : [],
    );
    expect(leds.filter((label) => !labels.includes(label))).toEqual([]);
  });

  test("what its security primitives are is there and on", async () => {
    const board = await boardOf(name);
    const tree = await debianTree(kernel, board.image?.["device-tree"] ?? "");
    const names = new Set(allNodes(tree).filter(isOn).map(kernelName));
    const said = Object.values(board.security ?? {}).flatMap((primitive) =>
      primitive !== undefined && "what" in primitive
        ? [/^[0-9a-f]{6,8}\.[a-z]+/.exec(primitive.what)?.[0] ?? []].flat()
        : [],
    );
    expect(said.length).toBeGreaterThan(0);
    expect(said.filter((each) => !names.has(each))).toEqual([]);
  });
});

test("[K18] every pin of a BeagleBone Black is the line that the tree names so, and claimed by what stands behind its name", async () => {
  const board = await boardOf("beaglebone-black");
  const tree = await debianTree(armhf, "am335x-boneblack.dtb");
  const gpio = board.devices["gpio"];
  const banks = gpio?.class === "gpio" ? (gpio.controllers ?? []) : [];
  const lines = banks.map((bank) => {
    const node = allNodes(tree).find((each) => kernelName(each) === bank);
    return node === undefined ? [] : textsOf(node, "gpio-line-names");
  });
  const said = Object.entries(board.pins).map(([pin, { bank = 0, line = 0, claims }]) => {
    const written = lines[bank]?.[line] ?? "";
    const [, name, taken] = /^(\S+)(?: \[(.*)\])?$/.exec(written) ?? [];
    return { pin, claims, name, taken: taken?.replace(" ", "_") };
  });
  expect(said.filter(({ pin, name }) => pin !== name)).toEqual([]);
  expect(said.filter(({ claims, taken }) => claims !== taken)).toEqual([]);
  expect(said.length).toBe(lines.flat().filter((line) => /^P[89]_/.test(line)).length);
});

describe.each([
  ["portenta-x8", "freescale/imx8mm-evk.dtb", ["x8h7gpio"]],
  ["compulab-iot-gate-imx8plus", "freescale/imx8mp-evk.dtb", []],
])("[K18] %s, which Debian's kernel does not know", (name, sibling, makers) => {
  test(`its controllers are those of the processor, as ${sibling} has them`, async () => {
    expect(strangers(await boardOf(name), await debianTree(arm64, sibling), false)).toEqual(makers);
  });
});

test.each([
  ["qemu-virt-arm64", "qemu-system-aarch64", "cortex-a53"],
  ["qemu-virt-arm", "qemu-system-arm", "cortex-a15"],
])("[K18] %s is the machine that QEMU makes, with as many lines", async (name, program, processor) => {
  const board = await boardOf(name);
  const tree = await virtTree(program, processor);
  expect(strangers(board, tree, true)).toEqual([]);
  const keys = allNodes(tree).find((node) => textsOf(node, "compatible").includes("gpio-keys"));
  const power = keys?.children.map((key) => cellsOf(key, "gpios")[1]);
  const claimed = Object.values(board.pins).flatMap(({ line, claims }) => (claims === undefined ? [] : [line]));
  expect(power).toEqual(claimed);
});
