import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "@bulkhead/protocol/manifest";
import { describe, expect, test } from "vitest";
import { bulkheadDirectory, exampleManifest } from "../locations.ts";
import { placeGraph } from "./layout.ts";
import { graphModel } from "./model.ts";
import { labelHeight, labelWidth, type PlacedEdge } from "./placed.ts";
import { drawSvg } from "./svg.ts";

const tests = join(bulkheadDirectory, "tests/manifests");

function layoutOf(file: string) {
  const boards = [join(bulkheadDirectory, "manifests/boards"), join(tests, "boards")];
  const board = (name: string) => {
    const folder = name === "virtual" ? boards[0] : boards[1];
    return { file: name, text: readFileSync(join(folder ?? "", `${name}.yaml`), "utf8") };
  };
  const compiled = compile(readFileSync(file, "utf8"), { file, board });
  if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
  const model = graphModel(compiled.plan);
  return { model, layout: placeGraph(model) };
}

type Box = { name: string; left: number; right: number; top: number; bottom: number };

function box(name: string, { x, y }: { x: number; y: number }, width: number, height: number): Box {
  return { name, left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2 };
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function overlapping(boxes: readonly Box[]): string[] {
  return boxes.flatMap((one, index) =>
    boxes.slice(index + 1).flatMap((other) => (overlap(one, other) ? [`${one.name} and ${other.name}`] : [])),
  );
}

/** Points along a line, as it is drawn: level runs with an S between two of them. */
function pointsOf({ runs }: PlacedEdge): { x: number; y: number }[] {
  const steps = Array.from({ length: 21 }, (_, index) => index / 20);
  return runs.flatMap(({ x1, x2, y }, index) => {
    const next = runs[index + 1];
    const level = steps.map((t) => ({ x: x1 + (x2 - x1) * t, y }));
    if (next === undefined) return level;
    // A cubic whose middle points have the x of the middle: x and y of Bernstein's form.
    const bend = steps.map((t) => ({
      x: cubic(t, x2, (x2 + next.x1) / 2, (x2 + next.x1) / 2, next.x1),
      y: cubic(t, y, y, next.y, next.y),
    }));
    return [...level, ...bend];
  });
}

const cubic = (t: number, a: number, b: number, c: number, d: number): number =>
  (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t ** 2 * c + t ** 3 * d;

describe.each([
  ["the greenhouse", exampleManifest, 15],
  ["a system of forty components", join(tests, "valid/plant-hall.yaml"), 48],
  ["every runner", join(tests, "valid/every-runner.yaml"), 15],
])("the picture of %s", (_, file, least) => {
  const { model, layout } = layoutOf(file);

  test("[K+] has every component, channel, device, proxy and secret, inside its frame", () => {
    expect(layout.nodes.length).toBeGreaterThanOrEqual(least);
    expect(layout.edges.length).toBe(model.edges.length);
    for (const { x, y, width, height } of layout.nodes) {
      expect(x - width / 2).toBeGreaterThanOrEqual(0);
      expect(x + width / 2).toBeLessThanOrEqual(layout.width);
      expect(y - height / 2).toBeGreaterThanOrEqual(0);
      expect(y + height / 2).toBeLessThanOrEqual(layout.height);
    }
  });

  test("[K+] has no label and no box over another", () => {
    const boxes = layout.nodes.map((node) => box(node.id, node, node.width, node.height));
    const labels = layout.edges.flatMap(({ labelAt, label, from }) =>
      labelAt === undefined ? [] : [box(`${from}.${label}`, labelAt, labelWidth(label), labelHeight)],
    );
    expect(overlapping([...boxes, ...labels])).toEqual([]);
  });

  test("[K+] has no line that crosses a box, and no two arrows at one place of a box", () => {
    const crossed = layout.edges.flatMap((edge) => {
      const others = layout.nodes.filter(({ id }) => id !== edge.from && id !== edge.to);
      const points = pointsOf(edge).map(({ x, y }) => box("", { x, y }, 0.1, 0.1));
      return others
        .filter((node) => points.some((point) => overlap(point, box("", node, node.width, node.height))))
        .map(({ id }) => `${edge.from} → ${edge.to} crosses ${id}`);
    });
    expect(crossed).toEqual([]);
    const ends = layout.edges.map(({ to, runs }) => `${to} ${runs.at(-1)?.x2} ${runs.at(-1)?.y.toFixed(1)}`);
    expect(new Set(ends).size).toBe(ends.length);
  });
});

test("[K+] a service of the core that a crowd uses is written into boxes, and loses no user", () => {
  const { model } = layoutOf(join(tests, "valid/plant-hall.yaml"));
  expect(model.edges.filter(({ to, label }) => to === "clock-server" && !label.includes("setting"))).toEqual([]);
  expect(model.nodes.filter(({ details }) => details.includes("uses clock-server.time")).length).toBe(9);
  expect(model.nodes.find(({ id }) => id === "clock-server")?.details).toContain("time: 9 users");
});

test("[K+] what marks a channel or a component is written beside it", () => {
  const { model } = layoutOf(join(tests, "valid/plant-hall.yaml"));
  expect(model.edges.map(({ label }) => label)).toEqual(
    expect.arrayContaining(["state · inspected · 10/s", "bulk · lease 64Ki"]),
  );
  expect(model.nodes.find(({ id }) => id === "spare-a")?.details).toEqual(["./a · spare"]);
  expect(layoutOf(join(tests, "valid/every-runner.yaml")).model.nodes.find(({ id }) => id === "left")?.details).toEqual(
    ["./c · worker · group pair"],
  );
});

test("[K+] the picture in the README is the one that graph draws (-u draws it anew)", async () => {
  const { model, layout } = layoutOf(exampleManifest);
  await expect(drawSvg(model.title, layout)).toMatchFileSnapshot(
    join(bulkheadDirectory, "docs/pictures/greenhouse.svg"),
  );
});
