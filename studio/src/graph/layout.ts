/** Gives boxes and arrows their places (dagre: layered drawing after Sugiyama). */
import { Graph, layout } from "@dagrejs/dagre";
import type { GraphEdge, GraphModel, GraphNode } from "./model.ts";

export type Point = { readonly x: number; readonly y: number };
export type PlacedNode = GraphNode & Point & { readonly width: number; readonly height: number };
export type PlacedEdge = GraphEdge & { readonly points: readonly Point[]; readonly labelAt: Point | undefined };
export type Layout = {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
};

/** Width of one character in the picture's font at 13 px, a little generous so that no text leaves its box. */
const characterWidth = 7.6;
const nodeHeight = 46;

/** Places in pixels, from the upper left corner. The same model always gets the same picture. */
export function placeGraph(model: GraphModel): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 70, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of model.nodes) graph.setNode(node.id, { width: widthOf(node), height: nodeHeight });
  model.edges.forEach((edge, index) => {
    const label = edge.label === "" ? {} : { width: labelWidth(edge.label), height: 18, labelpos: "c" };
    graph.setEdge(edge.from, edge.to, label, String(index));
  });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width,
    height,
    nodes: model.nodes.map((node) => {
      const { x, y } = graph.node(node.id) as Point;
      return { ...node, x, y, width: widthOf(node), height: nodeHeight };
    }),
    edges: model.edges.map((edge, index) => {
      const placed = graph.edge(edge.from, edge.to, String(index)) as { points: Point[]; x?: number; y?: number };
      const labelAt = placed.x === undefined || placed.y === undefined ? undefined : { x: placed.x, y: placed.y };
      return { ...edge, points: placed.points, labelAt };
    }),
  };
}

/** Of a label at 10.5 px with a little room on both sides, in pixels. */
export function labelWidth(label: string): number {
  return label.length * 5.7 + 4;
}

function widthOf(node: GraphNode): number {
  return Math.ceil(Math.max(node.title.length * characterWidth, node.detail.length * 6.2) + 24);
}
