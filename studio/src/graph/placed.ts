/** A picture with its places: what the layout makes and the drawing reads. All in pixels, from the upper left corner. */
import type { GraphEdge, GraphNode } from "./model.ts";

export type Point = { readonly x: number; readonly y: number };
export type PlacedNode = GraphNode & Point & { readonly width: number; readonly height: number };
/** A level stretch of a line; the line bends only between two of them, where no box is. */
export type Run = { readonly x1: number; readonly x2: number; readonly y: number };
export type PlacedEdge = GraphEdge & { readonly runs: readonly Run[]; readonly labelAt: Point | undefined };
export type Layout = {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
};

/** What dagre says of an edge: a point for each column that it passes, and the middle of its label. */
export type Course = {
  readonly edge: GraphEdge;
  readonly points: readonly Point[];
  readonly labelAt: Point | undefined;
};

/** Of one line of small text. */
export const detailHeight = 16;
export const labelHeight = 18;

/** Of a label at 10.5 px with a little room on both sides, in pixels. */
export function labelWidth(label: string): number {
  return label.length * 5.8 + 6;
}
