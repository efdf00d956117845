/** What is marked for overlays exists, is within its own range now, and is the component's alone to have changed. */
import type { ErrorReport } from "../../errors.ts";
import { valueAt } from "../../overlay/place.ts";
import { whyUnfit } from "../../overlay/range.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { memoryNeeds } from "../needs.ts";
import { suggest } from "../suggest.ts";
import { formatSize } from "../units.ts";

const code = "MANIFEST_INVALID_VALUE";

export const overlayableRule: Rule = (analysis) =>
  Object.keys(analysis.written.components).flatMap((name) => {
    const { overlayable } = analysis.written.components[name] ?? {};
    if (overlayable === undefined) return [];
    const misplaced = checkBearer(analysis, name);
    if (misplaced.length > 0) return misplaced;
    return [...checkSettings(analysis, name), ...checkMemory(analysis, name), ...checkNetwork(analysis, name)];
  });

/** A driver's settings decide which devices it is shown; what a process shares is said alike by all who share it. */
function checkBearer({ written, plan, source }: Analysis, name: string): ErrorReport[] {
  const component = written.components[name];
  const path = ["components", name, "overlayable"];
  if (component && driverClassOf(component.image) !== undefined) {
    const message = `\`${name}\` is a driver: what it is set to decides which devices it has`;
    return [atKey(source, { code, path, message, remedy: "remove `overlayable`; mark settings of who uses it" })];
  }
  const { trustGroup = null, runner } = plan.components[name] ?? {};
  if (trustGroup === null && runner !== "vm") return [];
  return (["memory", "network"] as const)
    .filter((key) => component?.overlayable?.[key] !== undefined)
    .map((key) => {
      const owner = runner === "vm" ? "the machine of a guest" : `the process of trust group \`${trustGroup}\``;
      const message = `\`${key}\` of \`${name}\` is that of ${owner}, and no overlay sets it`;
      return atKey(source, { code, path: [...path, key], message, remedy: `remove \`${key}\`` });
    });
}

function checkSettings({ written, plan, source }: Analysis, name: string): ErrorReport[] {
  const { config = {}, overlayable } = written.components[name] ?? {};
  return Object.keys(overlayable?.config ?? {}).flatMap((key): ErrorReport[] => {
    const path = ["components", name, "overlayable", "config", key];
    if (!Object.hasOwn(config, key)) {
      const message = `\`${name}\` has no setting \`${key}\` that an overlay could set`;
      const remedy = suggest(key, Object.keys(config)) ?? `write \`${key}\` in its \`config\``;
      return [atKey(source, { code, path, message, remedy })];
    }
    const place = `${name}.config.${key}`;
    const range = plan.overlayable?.values[place];
    const unfit = range && whyUnfit(range, valueAt(plan, place));
    if (unfit === undefined) return [];
    const message = `\`${key}\` of \`${name}\` is not within its own range: it ${unfit}`;
    return [atValue(source, { code, path, message, remedy: "widen the range, or change the setting" })];
  });
}

function checkMemory({ plan, board, source }: Analysis, name: string): ErrorReport[] {
  const range = plan.overlayable?.values[`${name}.memory`];
  const component = plan.components[name];
  if (range?.type !== "integer" || component === undefined) return [];
  const path = ["components", name, "overlayable", "memory", "max"];
  if (range.max < range.min) {
    const message = `\`${name}\` has ${formatSize(range.min)} of memory, and an overlay could give it no more than ${formatSize(range.max)}`;
    return [atValue(source, { code, path, message, remedy: `write more than ${formatSize(range.min)}` })];
  }
  const most = { ...plan, components: { ...plan.components, [name]: { ...component, memoryBytes: range.max } } };
  const { totalBytes } = memoryNeeds(most);
  // What is too much already is the memory rule's to say.
  if (totalBytes <= board.memory || memoryNeeds(plan).totalBytes > board.memory) return [];
  const message = `with ${formatSize(range.max)} for \`${name}\` the components may use ${formatSize(totalBytes)}, and board \`${board.board}\` has ${formatSize(board.memory)} for them`;
  const remedy = `lower it by ${formatSize(totalBytes - board.memory)}`;
  return [atValue(source, { code: "MANIFEST_MEMORY_OVERCOMMITTED", path, message, remedy })];
}

function checkNetwork({ plan, source }: Analysis, name: string): ErrorReport[] {
  const range = plan.overlayable?.values[`${name}.network`];
  if (range?.type !== "subset" || range.of.length > 0) return [];
  const path = ["components", name, "overlayable", "network"];
  const message = `\`${name}\` reaches no proxy that an overlay could take from it`;
  return [atKey(source, { code, path, message, remedy: "remove `network`" })];
}
