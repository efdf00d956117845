/** What the answers of time servers come to: of one server the quickest, of several what most of them agree on. Pure. */

/** One exchange: at `monotonicMs` of this machine the server's time was `timeMs`, give or take `errorMs`. */
export type Sample = {
  readonly monotonicMs: number;
  readonly timeMs: number;
  readonly errorMs: number;
  readonly delayMs: number;
};

/** Clocks of two machines run apart a little between question and answer, and both are read in steps. */
const readingErrorMs = 1;

/** Undefined where the server says that it took longer for its answer than that was under way. */
export function sampleOf(
  asked: { readonly sentMs: number; readonly heardMs: number },
  reply: { readonly receivedMs: number; readonly sentMs: number; readonly errorMs: number },
): Sample | undefined {
  const delayMs = asked.heardMs - asked.sentMs - (reply.sentMs - reply.receivedMs);
  if (delayMs < -readingErrorMs) return undefined;
  return {
    monotonicMs: (asked.sentMs + asked.heardMs) / 2,
    timeMs: (reply.receivedMs + reply.sentMs) / 2,
    // A packet that took all of the delay on one of the two ways puts the time off by half of it.
    errorMs: Math.max(0, delayMs) / 2 + reply.errorMs + readingErrorMs,
    delayMs,
  };
}

/** The one with the least delay, which bounds how wrong it can be (RFC 5905, section 10). */
export function quickest(samples: readonly Sample[]): Sample | undefined {
  return [...samples].sort((a, b) => a.delayMs - b.delayMs)[0];
}

export type Choice = { readonly monotonicMs: number; readonly timeMs: number; readonly errorMs: number };

/**
 * The span that holds every time which more than half of the servers hold possible, one sample of each; undefined where there is
 * none. As long as more than half of them tell the truth, the truth is in it, whatever the others say and however they meet.
 */
export function agree(samples: readonly Sample[]): Choice | undefined {
  const majority = Math.floor(samples.length / 2) + 1;
  // As times at the zero of this machine's clock, so that samples of different moments can be compared.
  const spans = samples.map(({ timeMs, monotonicMs, errorMs }) => {
    const middle = timeMs - monotonicMs;
    return { from: middle - errorMs, to: middle + errorMs };
  });
  const supported = (at: number) => spans.filter(({ from, to }) => from <= at && at <= to).length >= majority;
  const ends = spans.flatMap(({ from, to }) => [from, to]).filter(supported);
  if (ends.length === 0) return undefined;
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  const monotonicMs = Math.max(...samples.map((sample) => sample.monotonicMs));
  return { monotonicMs, timeMs: (first + last) / 2 + monotonicMs, errorMs: (last - first) / 2 };
}
