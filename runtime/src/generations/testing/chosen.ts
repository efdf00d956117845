/** What a ledger starts, where no other slot of a board is in question. */
import type { Chosen, Ledger } from "../index.ts";

export async function chooseOf(ledger: Pick<Ledger, "choose">): Promise<Chosen> {
  const next = await ledger.choose();
  if ("restart" in next) throw new Error(`the board is to start again: ${next.restart}`);
  return next;
}
