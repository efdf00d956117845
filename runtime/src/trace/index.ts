/** Traces of components: rings that they write and others read. */
export { readTraceNews } from "./news.ts";
export { readTrace } from "./read.ts";
export { mountConsole, mountRings, unmountRings } from "./rings.ts";
