/** A record as a replay plays it: turns, each with one event, the values read after it and what went out after it. */
import { BulkheadError } from "@bulkhead/protocol";
import type { Entry, Event, Header, Output, ValueKind } from "../record/entry.ts";
import { startSchema } from "../record/entry-schema.ts";

export type Turn = {
  /** Microseconds since the record began. */
  readonly atUs: number;
  /** It came before the component had done with the turn before. */
  readonly isJoined: boolean;
  readonly event: Event;
  readonly values: Map<ValueKind, unknown[]>;
  readonly outputs: Output[];
};

export type Session = {
  readonly header: Header;
  readonly turns: readonly Turn[];
  /** How the record ends: with the component's exit; cut off (it was killed, it hung, or the host went); at its bound. */
  readonly ended: "exit" | "cut" | "full";
};

/**
 * Puts the entries of a record into turns.
 *
 * @throws BulkheadError RECORD_DAMAGED where they are not in an order that a recorder writes
 */
export function toSession(entries: readonly Entry[]): Session {
  const [first, ...rest] = entries;
  if (first?.[0] !== "header") throw misplaced(0, "it is not a header");
  const turns: Turn[] = [];
  let ended: Session["ended"] = "cut";
  for (const [index, entry] of rest.entries()) {
    if (ended !== "cut") throw misplaced(index + 1, "it follows the end");
    if (entry[0] === "in") {
      turns.push({ atUs: entry[1], isJoined: entry[2], event: entry[3], values: new Map(), outputs: [] });
    } else if (entry[0] === "full") ended = "full";
    else {
      keep(turns.at(-1), entry, index + 1);
      if (entry[0] === "out" && entry[1][0] === "exit") ended = "exit";
    }
  }
  const event = turns[0]?.event;
  if (event?.[0] !== "control" || event[1] !== "start" || !startSchema.safeParse(event[2]).success) {
    throw misplaced(1, "a record begins with the start message");
  }
  return { header: first[1], turns, ended };
}

function keep(turn: Turn | undefined, entry: Entry, index: number): void {
  if (!turn) throw misplaced(index, "it stands before the first event");
  if (entry[0] === "out") turn.outputs.push(entry[1]);
  else if (entry[0] === "value") {
    const [, kind, value] = entry;
    turn.values.set(kind, [...(turn.values.get(kind) ?? []), value]);
  } else throw misplaced(index, "it is a second header");
}

function misplaced(index: number, why: string): BulkheadError {
  return new BulkheadError("RECORD_DAMAGED", `entry ${index} of the record is damaged: ${why}`);
}
