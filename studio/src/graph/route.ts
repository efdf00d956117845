/**
 * The course of each arrow: level where it passes a column of boxes, bent only in the gap between two columns. So no line
 * crosses a box, and an arrow leaves and reaches a box at a place of its own.
 */
import { type Course, labelWidth, type PlacedEdge, type PlacedNode, type Point, type Run } from "./placed.ts";

type Side = "left" | "right";

/** The runs of every course, in its order. */
export function routeEdges(nodes: readonly PlacedNode[], courses: readonly Course[]): PlacedEdge[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const halfWidths = columnHalfWidths(nodes, courses);
  const ports = placePorts(byId, courses);
  return courses.map((course, index) => {
    const { edge, points, labelAt } = course;
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    if (from === undefined || to === undefined) return { ...edge, runs: [], labelAt };
    const forward = isForward(course);
    const sign = forward ? 1 : -1;
    const half = (x: number) => halfWidths.get(key(x)) ?? 0;
    const between = points.slice(1, -1).filter(({ x }) => halfWidths.has(key(x)));
    const runs: Run[] = [
      { x1: from.x + (sign * from.width) / 2, x2: from.x + sign * half(from.x), y: ports.get(`${index}>`) ?? from.y },
      ...between.map(({ x, y }) => ({ x1: x - sign * half(x), x2: x + sign * half(x), y })),
      { x1: to.x - sign * half(to.x), x2: to.x - (sign * to.width) / 2, y: ports.get(`>${index}`) ?? to.y },
    ];
    return { ...edge, runs, labelAt };
  });
}

// dagre turns an arrow around where arrows go in a circle; its points then run from right to left.
function isForward({ points }: Course): boolean {
  return (points[0]?.x ?? 0) <= (points.at(-1)?.x ?? 0);
}

/** All that stands in one column has one middle; the column is as wide as the widest of it. */
function columnHalfWidths(nodes: readonly PlacedNode[], courses: readonly Course[]): Map<string, number> {
  const halfWidths = new Map<string, number>();
  const widen = (x: number, width: number) => halfWidths.set(key(x), Math.max(halfWidths.get(key(x)) ?? 0, width / 2));
  for (const { x, width } of nodes) widen(x, width);
  for (const { edge, labelAt } of courses) if (labelAt !== undefined) widen(labelAt.x, labelWidth(edge.label));
  return halfWidths;
}

const key = (x: number): string => x.toFixed(1);

/** Where arrows leave (`index>`) and reach (`>index`) their boxes: in the order of where they come from and go to. */
function placePorts(nodes: ReadonlyMap<string, PlacedNode>, courses: readonly Course[]): Map<string, number> {
  const sides = new Map<string, { port: string; towards: number }[]>();
  const add = (node: string, side: Side, port: string, next: Point | undefined) => {
    const at = `${node} ${side}`;
    sides.set(at, [...(sides.get(at) ?? []), { port, towards: next?.y ?? 0 }]);
  };
  courses.forEach((course, index) => {
    const { edge, points } = course;
    const forward = isForward(course);
    add(edge.from, forward ? "right" : "left", `${index}>`, points[1]);
    add(edge.to, forward ? "left" : "right", `>${index}`, points.at(-2));
  });
  const ports = new Map<string, number>();
  for (const [at, arrows] of sides) {
    const node = nodes.get(at.split(" ")[0] ?? "");
    if (node === undefined) continue;
    const step = node.height / (arrows.length + 1);
    for (const [index, { port }] of arrows.sort((a, b) => a.towards - b.towards).entries())
      ports.set(port, node.y - node.height / 2 + step * (index + 1));
  }
  return ports;
}
