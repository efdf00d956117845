/** The asker, as the root server sees it: a sandboxed program that is asked for one name, or for the time. */
export { askerSpec, askName, askTime } from "./ask.ts";
export { createTimeKeeper, type TimeKeeper } from "./keeper.ts";
export { maxResolvers, type TimeAnswer } from "./messages.ts";
