/** Traces of components: rings that they write and others read. */
export { readTrace } from "./read.ts";
export { mountRings, unmountRings } from "./rings.ts";
