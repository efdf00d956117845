/** The resolver, as the root server sees it: a sandboxed program that is asked for one name. */
export { ask, resolverSpec } from "./ask.ts";
export { maxResolvers } from "./messages.ts";
