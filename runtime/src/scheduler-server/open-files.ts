/** How many files each component has open, as the root server counts them on request. */
import { toCoreServer } from "@bulkhead/protocol";
import type { RootLink } from "@bulkhead/sdk";

/** It counts some tens of directories; one that does not answer holds no report up. */
const patienceMs = 2000;

export type CountFiles = () => Promise<Readonly<Record<string, number>>>;

/** Questions that come while one is under way share its answer. Never throws: without an answer nothing is known. */
export function createFileQuestions(root: Pick<RootLink, "hear" | "tellRoot">): CountFiles {
  let waiting: ((open: Record<string, number>) => void)[] = [];
  const answer = (open: Record<string, number>) => {
    for (const tell of waiting.splice(0)) tell(open);
  };
  root.hear("files", toCoreServer.files, ({ open }) => answer(open));
  return () =>
    new Promise((resolve) => {
      const patience = setTimeout(() => {
        waiting = waiting.filter((one) => one !== tell);
        resolve({});
      }, patienceMs);
      const tell = (open: Record<string, number>) => {
        clearTimeout(patience);
        resolve(open);
      };
      waiting.push(tell);
      if (waiting.length === 1) root.tellRoot("files", {});
    });
}
