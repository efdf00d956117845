/** Storage is promised as memory is: all quotas and what is kept for the management service fit the board's disk. */
import { atKey, type Rule } from "../analysis.ts";
import { storageNeeds } from "../needs.ts";
import { formatSize } from "../units.ts";

export const storageRule: Rule = ({ plan, board, source, written }) => {
  const { totalBytes, storeBytes } = storageNeeds(plan);
  if (totalBytes <= board.storage) return [];
  const message = `storage adds up to ${formatSize(totalBytes)} (${formatSize(storeBytes)} of it kept for the management service), and board \`${board.board}\` has ${formatSize(board.storage)}`;
  const remedy = `lower quotas, or \`store\`, by ${formatSize(totalBytes - board.storage)} together`;
  const path = storeBytes > board.storage && written.store ? ["store"] : ["components"];
  return [atKey(source, { code: "MANIFEST_STORAGE_OVERCOMMITTED", path, message, remedy })];
};
