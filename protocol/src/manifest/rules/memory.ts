/** Memory is promised, not hoped for: all limits together fit the board. */
import { atKey, type Rule } from "../analysis.ts";
import { memoryNeeds } from "../needs.ts";
import { formatSize } from "../units.ts";

export const memoryRule: Rule = ({ plan, board, source }) => {
  const { totalBytes, coreBytes } = memoryNeeds(plan);
  if (totalBytes <= board.memory) return [];
  const message = `the components may use ${formatSize(totalBytes)} (${formatSize(coreBytes)} of it core servers), and board \`${board.board}\` has ${formatSize(board.memory)} for them`;
  const remedy = `lower \`memory\` of some components by ${formatSize(totalBytes - board.memory)} together`;
  return [atKey(source, { code: "MANIFEST_MEMORY_OVERCOMMITTED", path: ["components"], message, remedy })];
};
