/** Gives boxes and arrows their places (dagre: layered drawing after Sugiyama; the columns are its layers). */
import { Graph, layout } from "@dagrejs/dagre";
import type { GraphModel, GraphNode } from "./model.ts";
import {
  type Course,
  detailHeight,
  type Layout,
  labelHeight,
  labelWidth,
  type PlacedNode,
  type Point,
} from "./placed.ts";
import { routeEdges } from "./route.ts";

/** Width of one character in the picture's font at 13 px, a little generous so that no text leaves its box. */
const characterWidth = 8.2;
const titleHeight = 30;
/** Between two arrows at one side of a box. */
const portDistance = 10;

/** Places in pixels, from the upper left corner. The same model always gets the same picture. */
export function placeGraph(model: GraphModel): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, edgesep: 12, ranksep: 110, marginx: 24, marginy: 24 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of model.nodes) graph.setNode(node.id, { width: widthOf(node), height: heightOf(node, model) });
  model.edges.forEach((edge, index) => {
    const label = edge.label === "" ? {} : { width: labelWidth(edge.label), height: labelHeight, labelpos: "c" };
    graph.setEdge(edge.from, edge.to, label, String(index));
  });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const nodes = model.nodes.map((node): PlacedNode => {
    const { x, y } = graph.node(node.id) as Point;
    return { ...node, x, y, width: widthOf(node), height: heightOf(node, model) };
  });
  const courses = model.edges.map((edge, index): Course => {
    const placed = graph.edge(edge.from, edge.to, String(index)) as { points: Point[]; x?: number; y?: number };
    const labelAt = placed.x === undefined || placed.y === undefined ? undefined : { x: placed.x, y: placed.y };
    return { edge, points: placed.points, labelAt: edge.label === "" ? undefined : labelAt };
  });
  return { width, height, nodes, edges: routeEdges(nodes, courses) };
}

function widthOf(node: GraphNode): number {
  const details = node.details.map((detail) => detail.length * 6.3);
  return Math.ceil(Math.max(node.title.length * characterWidth, ...details) + 24);
}

function heightOf(node: GraphNode, { edges }: GraphModel): number {
  const incoming = edges.filter(({ to }) => to === node.id).length;
  const outgoing = edges.filter(({ from }) => from === node.id).length;
  return Math.max(titleHeight + detailHeight * node.details.length, (Math.max(incoming, outgoing) + 1) * portDistance);
}
