/** Overlays: the document, whom it is for, and a release with one put on it. */
export * from "./binding.ts";
export * from "./document.ts";
export { applyOverlay, type Effective, whyBeyond } from "./merge.ts";
export * from "./name.ts";
export { placeSchema, valueAt } from "./place.ts";
export * from "./range.ts";
