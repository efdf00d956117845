/** When the board's time servers are asked: once the clock server is there, now and then while they answer, ever more seldom while they do not. */
import type { TimeReading } from "@bulkhead/protocol";
import type { TimeAnswer, TimeQuestion } from "./messages.ts";

const minuteMs = 60_000;
/** While they answer, between one and two of these (RFC 5905 polls a steady server every 17 minutes or less often). */
const steadyMs = 17 * minuteMs;
/** RFC 4330, section 10: never more often than every 15 s, and less and less often. */
export const retryMs = { first: 16_000, last: 68 * minuteMs };
/** A server that was asked too often is left alone for so long. */
export const restMs = 120 * minuteMs;

export type TimeKeeper = {
  /** The clock server is there, maybe again: it knows nothing of the time. */
  begin(): void;
  stop(): void;
};

type Means = {
  readonly servers: readonly string[];
  readonly ask: (question: TimeQuestion) => Promise<TimeAnswer>;
  readonly tell: (reading: TimeReading) => void;
  readonly log: (text: string) => void;
};

/** Pure. `jitter`: 0 to 1, so that boards that were switched on together do not ask together. */
export function waitMs(failuresInARow: number, jitter: number): number {
  if (failuresInARow === 0) return steadyMs * (1 + jitter);
  return Math.min(retryMs.last, retryMs.first * 2 ** Math.min(failuresInARow - 1, 30) * (1 + jitter / 2));
}

/** At rest until it begins; without servers, for ever. */
export function createTimeKeeper({ servers, ask, tell, log }: Means): TimeKeeper {
  const leftAloneUntilMs = new Map<string, number>();
  let last: TimeReading | undefined;
  let said = "";
  let failuresInARow = 0;
  let timer: NodeJS.Timeout | undefined;
  let isBegun = false;
  let isStopped = false;

  function say(words: string): void {
    if (words !== said) log(words);
    said = words;
  }

  function leaveAlone({ server, isFinal }: TimeAnswer["kisses"][number]): void {
    leftAloneUntilMs.set(server, isFinal ? Number.POSITIVE_INFINITY : performance.now() + restMs);
    log(`the time server ${server} does not want to be asked ${isFinal ? "any more" : "so often"}`);
  }

  function hear({ time, failure, kisses }: TimeAnswer): void {
    kisses.forEach(leaveAlone);
    failuresInARow = time ? 0 : failuresInARow + 1;
    if (time) tell(time);
    last = time ?? last;
    say(time ? "the time servers answer" : `no time of the time servers: ${failure}`);
  }

  async function turn(): Promise<void> {
    const willing = servers.filter((server) => (leftAloneUntilMs.get(server) ?? 0) <= performance.now());
    const answer = willing.length > 0 ? await ask({ timeServers: willing }) : undefined;
    if (isStopped) return;
    if (answer) hear(answer);
    timer = setTimeout(() => void turn(), waitMs(failuresInARow, Math.random()));
  }

  return {
    begin() {
      if (last) tell(last);
      if (isBegun || servers.length === 0) return;
      isBegun = true;
      void turn();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
