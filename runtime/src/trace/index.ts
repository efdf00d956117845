/** Traces of components: rings that they write and others read. */
export { readTrace } from "./read.ts";
export { mountConsole, mountRings, unmountRings } from "./rings.ts";
