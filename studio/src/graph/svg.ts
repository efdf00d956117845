/** Draws a placed graph as SVG: one file without scripts or outside references. */

import type { NodeKind } from "./model.ts";
import { detailHeight, type Layout, labelHeight, labelWidth, type PlacedEdge, type PlacedNode } from "./placed.ts";

/** Fill and stroke by role; also told apart by shape and by the words in the box, not by colour alone. */
const colours: Readonly<Record<NodeKind, { fill: string; stroke: string; name: string }>> = {
  application: { fill: "#e8f1fd", stroke: "#2f6fb7", name: "application" },
  driver: { fill: "#e9f6ec", stroke: "#2e8b57", name: "driver" },
  core: { fill: "#f1f1f4", stroke: "#7a7a88", name: "core server" },
  agent: { fill: "#fdf3e1", stroke: "#b7791f", name: "agent" },
  device: { fill: "#ffffff", stroke: "#2e8b57", name: "device" },
  network: { fill: "#ffffff", stroke: "#b7791f", name: "network" },
  secret: { fill: "#ffffff", stroke: "#a23b72", name: "secret" },
};
const headerHeight = 76;
const ground = "#fcfcfd";
/** The picture as a text of SVG. */
export function drawSvg(title: string, { width, height, nodes, edges }: Layout): string {
  const totalWidth = Math.ceil(Math.max(width, 900));
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
  let x = 24;
  const items = Object.values(colours).map(({ fill, stroke, name }) => {
    const item = `<rect x="${x}" y="50" width="12" height="12" rx="2" fill="${fill}" stroke="${stroke}"/><text x="${x + 18}" y="60" font-size="11" fill="#555a66">${name}</text>`;
    x += 18 + Math.ceil(labelWidth(name)) + 20;
    return item;
  });
  const lines = `<path d="M${x} 56h24" stroke="#555a66"/><text x="${x + 30}" y="60" font-size="11" fill="#555a66">strong</text><path d="M${x + 76} 56h24" stroke="#555a66" stroke-dasharray="4 3"/><text x="${x + 106}" y="60" font-size="11" fill="#555a66">weak</text>`;
  return [...items, lines].join("");
}

function drawNode({ kind, title, details, x, y, width, height }: PlacedNode): string {
  const { fill, stroke } = colours[kind];
  const round = kind === "network" ? 23 : kind === "device" ? 0 : 6;
  const dashes = kind === "secret" ? ' stroke-dasharray="5 3"' : "";
  const top = y - (details.length * detailHeight) / 2;
  return [
    `<rect x="${at(x - width / 2)}" y="${at(y - height / 2)}" width="${width}" height="${at(height)}" rx="${round}" fill="${fill}" stroke="${stroke}" stroke-width="1.5"${dashes}/>`,
    `<text x="${at(x)}" y="${at(top + 5)}" font-size="13" font-weight="600" text-anchor="middle" fill="#1d2026">${escaped(title)}</text>`,
    ...details.map(
      (detail, index) =>
        `<text x="${at(x)}" y="${at(top + 5 + detailHeight * (index + 1))}" font-size="10.5" text-anchor="middle" fill="#555a66">${escaped(detail)}</text>`,
    ),
  ].join("");
}

function drawLine({ runs, style }: PlacedEdge): string {
  const dashes = style === "weak" ? ' stroke-dasharray="4 3"' : "";
  return `<path d="${linePath(runs)}" fill="none" stroke="#555a66" stroke-width="1.2"${dashes} marker-end="url(#arrow)"/>`;
}

// A ground of its own keeps a label readable where it lies on a line.
function drawLabel({ label, labelAt }: PlacedEdge): string {
  if (label === "" || labelAt === undefined) return "";
  const width = labelWidth(label);
  return [
    `<rect x="${at(labelAt.x - width / 2)}" y="${at(labelAt.y - labelHeight / 2)}" width="${at(width)}" height="${labelHeight}" rx="3" fill="${ground}"/>`,
    `<text x="${at(labelAt.x)}" y="${at(labelAt.y + 4)}" font-size="10.5" text-anchor="middle" fill="#333842">${escaped(label)}</text>`,
  ].join("");
}

/** Level along each run, and an S from one to the next. */
function linePath(runs: PlacedEdge["runs"]): string {
  return runs
    .map(({ x1, x2, y }, index) => {
      const before = runs[index - 1];
      const level = `H${at(x2)}`;
      if (before === undefined) return `M${at(x1)} ${at(y)}${level}`;
      const middle = at((before.x2 + x1) / 2);
      return `C${middle} ${at(before.y)} ${middle} ${at(y)} ${at(x1)} ${at(y)}${level}`;
    })
    .join("");
}

const at = (value: number): string => String(Math.round(value * 10) / 10);

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
