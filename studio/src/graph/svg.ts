/** Draws a placed graph as SVG: one file without scripts or outside references. */
import { type Layout, labelWidth, type PlacedEdge, type PlacedNode, type Point } from "./layout.ts";
import type { NodeKind } from "./model.ts";

/** Fill and stroke by role; also told apart by shape and by the words in the box, not by colour alone. */
const colours: Readonly<Record<NodeKind, { fill: string; stroke: string; name: string }>> = {
  application: { fill: "#e8f1fd", stroke: "#2f6fb7", name: "application" },
  driver: { fill: "#e9f6ec", stroke: "#2e8b57", name: "driver" },
  core: { fill: "#f1f1f4", stroke: "#7a7a88", name: "core server" },
  agent: { fill: "#fdf3e1", stroke: "#b7791f", name: "agent" },
  device: { fill: "#ffffff", stroke: "#2e8b57", name: "device" },
  network: { fill: "#ffffff", stroke: "#b7791f", name: "network" },
};
const headerHeight = 76;
const ground = "#fcfcfd";
/** How far before a bend the line begins to turn, in pixels. */
const bendRadius = 12;

/** The picture as a text of SVG. */
export function drawSvg(title: string, { width, height, nodes, edges }: Layout): string {
  const totalWidth = Math.ceil(Math.max(width, 820));
  const totalHeight = Math.ceil(height + headerHeight);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${totalWidth}" height="${totalHeight}" viewBox="0 0 ${totalWidth} ${totalHeight}" font-family="system-ui, sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#555a66"/></marker></defs>`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    `<text x="24" y="34" font-size="18" font-weight="600" fill="#1d2026">${escaped(title)}</text>`,
    drawLegend(),
    `<g transform="translate(0 ${headerHeight})">`,
    ...edges.map(drawLine),
    ...nodes.map(drawNode),
    ...edges.map(drawLabel),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

function drawLegend(): string {
  const items = Object.values(colours).map(({ fill, stroke, name }, index) => {
    const x = 24 + index * 104;
    return `<rect x="${x}" y="50" width="12" height="12" rx="2" fill="${fill}" stroke="${stroke}"/><text x="${x + 18}" y="60" font-size="11" fill="#555a66">${name}</text>`;
  });
  const x = 24 + items.length * 104;
  const lines = `<path d="M${x} 56h24" stroke="#555a66"/><text x="${x + 30}" y="60" font-size="11" fill="#555a66">strong</text><path d="M${x + 76} 56h24" stroke="#555a66" stroke-dasharray="4 3"/><text x="${x + 106}" y="60" font-size="11" fill="#555a66">weak</text>`;
  return [...items, lines].join("");
}

function drawNode({ kind, title, detail, x, y, width, height }: PlacedNode): string {
  const { fill, stroke } = colours[kind];
  const round = kind === "network" ? height / 2 : kind === "device" ? 0 : 6;
  return [
    `<rect x="${at(x - width / 2)}" y="${at(y - height / 2)}" width="${width}" height="${height}" rx="${round}" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`,
    `<text x="${at(x)}" y="${at(y - 3)}" font-size="13" font-weight="600" text-anchor="middle" fill="#1d2026">${escaped(title)}</text>`,
    `<text x="${at(x)}" y="${at(y + 13)}" font-size="10.5" text-anchor="middle" fill="#555a66">${escaped(detail)}</text>`,
  ].join("");
}

function drawLine({ points, style }: PlacedEdge): string {
  const dashes = style === "weak" ? ' stroke-dasharray="4 3"' : "";
  return `<path d="${roundedPath(points)}" fill="none" stroke="#555a66" stroke-width="1.2"${dashes} marker-end="url(#arrow)"/>`;
}

// A ground of its own keeps a label readable where it lies on a line.
function drawLabel({ label, labelAt }: PlacedEdge): string {
  if (label === "" || labelAt === undefined) return "";
  const width = labelWidth(label);
  return [
    `<rect x="${at(labelAt.x - width / 2)}" y="${at(labelAt.y - 8)}" width="${at(width)}" height="16" rx="3" fill="${ground}"/>`,
    `<text x="${at(labelAt.x)}" y="${at(labelAt.y + 4)}" font-size="10.5" text-anchor="middle" fill="#333842">${escaped(label)}</text>`,
  ].join("");
}

/** Straight between the points, rounded at each of them: a line can then be followed through the crowd. */
function roundedPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = rest.map((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${place(point)}`;
    const before = towards(point, points[index] ?? first);
    return `L${place(before)}Q${place(point)} ${place(towards(point, next))}`;
  });
  return `M${place(first)}${parts.join("")}`;
}

/** The place on the way from `from` to `to` where a bend ends, at most half the way. */
function towards(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(bendRadius / length, 0.5);
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

const place = (point: Point): string => `${at(point.x)} ${at(point.y)}`;
const at = (value: number): string => String(Math.round(value * 10) / 10);

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
