/** The manifest compiler: what `bulkhead check` and `bulkhead build` run, without any input or output of its own. */
export { type Board, type BoardText, parseBoard } from "./board.ts";
export type { BoardImage } from "./board-image.ts";
export { type Compiled, type CompileOptions, compile } from "./compile.ts";
export { type FlowGraph, flowGraph, flowNames, nodesNamed, reachableFrom } from "./flow-graph.ts";
export { findWays, type Ways } from "./flow-ways.ts";
export { type Guest, parseGuest } from "./guest.ts";
export { boardJsonSchema, manifestJsonSchema } from "./json-schema.ts";
export { memoryNeeds, memoryOf, storageNeeds } from "./needs.ts";
export { completePlan, type Plan, type PlannedComponent, type PlannedImage } from "./plan.ts";
export { parseWritten } from "./schema-errors.ts";
export { readSource, type Source } from "./source.ts";
export { suggest } from "./suggest.ts";
export { formatSize, parseSizeBytes } from "./units.ts";
export { manifestWritten } from "./written.ts";
