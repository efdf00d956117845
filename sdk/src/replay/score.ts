/** Follows a replay along its record: which turn it is in, which values are read, and the first place where it differs. */
import type { Output, ValueKind } from "../record/entry.ts";
import { asRecorded, describe, isSame } from "./compare.ts";
import type { Session, Turn } from "./turns.ts";

/** `differs`: it did something else. `missing`: it did less. `extra`: it did more. `timer`: it never made the one that was due. */
export type Difference = {
  readonly kind: "differs" | "missing" | "extra" | "timer";
  /** Counted from 0, as `output` is within its turn. */
  readonly turn: number;
  readonly output: number;
  /** Milliseconds since the record began. */
  readonly atMs: number;
  /** What came in at the beginning of the turn. */
  readonly after: string;
  readonly expected: string | null;
  readonly found: string | null;
};

export type Score = {
  /** Goes on to the next turn; undefined at the end of the record. What the last turn still lacks is a difference. */
  next(): Turn | undefined;
  /** The event of this turn cannot happen. */
  miss(what: string): void;
  take(output: Output): void;
  /** The next recorded value of a kind; undefined where the recorded component read none. */
  read(kind: ValueKind): unknown;
  /** The difference that was found, the first one. */
  readonly difference: Difference | undefined;
  readonly outputs: number;
};

export function createScore({ turns, ended }: Session): Score {
  let at = -1;
  let output = 0;
  let outputs = 0;
  let difference: Difference | undefined;
  /** Of each kind the last value: what a changed component reads more often stands still meanwhile. */
  const last = new Map<ValueKind, unknown>();
  const reads = new Map<ValueKind, number>();

  function differ(kind: Difference["kind"], expected: string | null, found: string | null): void {
    const turn = turns[at];
    if (difference || !turn) return;
    const [what, ...rest] = turn.event;
    const after = `${what} ${JSON.stringify(rest).slice(1, -1)}`.slice(0, 200);
    difference = { kind, turn: at, output, atMs: turn.atUs / 1000, after, expected, found };
  }

  function finishTurn(): void {
    const lacking = turns[at]?.outputs[output];
    if (lacking) differ("missing", describe(lacking), null);
  }

  return {
    next() {
      finishTurn();
      at++;
      output = 0;
      reads.clear();
      return turns[at];
    },
    miss: (what) => differ("timer", what, null),
    take(made) {
      const turn = turns[at];
      if (difference || !turn) return;
      const expected = turn.outputs[output];
      const found = asRecorded(made);
      // A record that was cut off does not hold all of its last turn.
      if (!expected && at === turns.length - 1 && ended !== "exit") return;
      if (!expected) differ("extra", null, describe(found));
      else if (!isSame(expected, found)) differ("differs", describe(expected), describe(found));
      output++;
      outputs++;
    },
    read(kind) {
      const read = reads.get(kind) ?? 0;
      reads.set(kind, read + 1);
      const values = turns[at]?.values.get(kind) ?? [];
      if (kind === "queued") return queuedAt(values, read);
      if (read < values.length) last.set(kind, values[read]);
      return last.get(kind);
    },
    get difference() {
      return difference;
    },
    get outputs() {
      return outputs;
    },
  };
}

function queuedAt(values: readonly unknown[], read: number): number {
  const found = values.find((value) => Array.isArray(value) && value[0] === read) as [number, number] | undefined;
  return found?.[1] ?? 0;
}
