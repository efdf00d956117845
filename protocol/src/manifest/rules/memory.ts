/** Memory is promised, not hoped for: all limits together fit the board. */
import { atKey, type Rule } from "../analysis.ts";
import { formatSize } from "../units.ts";

export const memoryRule: Rule = ({ plan, board, source }) => {
  const all = Object.values(plan.components);
  const total = sum(all.map(({ memoryBytes }) => memoryBytes));
  if (total <= board.memory) return [];
  const core = sum(all.filter(({ image }) => "core" in image).map(({ memoryBytes }) => memoryBytes));
  const message = `the components may use ${formatSize(total)} (${formatSize(core)} of it core servers), and board \`${board.board}\` has ${formatSize(board.memory)} for them`;
  const remedy = `lower \`memory\` of some components by ${formatSize(total - board.memory)} together`;
  return [atKey(source, { code: "MANIFEST_MEMORY_OVERCOMMITTED", path: ["components"], message, remedy })];
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
