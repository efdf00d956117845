/** Asks the declared time servers, and says what time it is as far as they agree. */
import { setTimeout as delay } from "node:timers/promises";
import type { TimeAnswer, TimeQuestion } from "../messages.ts";
import { agree, quickest, type Sample, sampleOf } from "./choice.ts";
import { type Exchange, exchange } from "./exchange.ts";

/** RFC 5905 spaces the packets of a burst by 2 s. */
export const manner = { samples: 4, waitMs: 1_000, spacingMs: 2_000, port: 123 };
export type Manner = typeof manner;

type Report = {
  readonly server: string;
  readonly sample?: Sample | undefined;
  readonly kiss?: string;
  readonly why: string;
};

export async function measure({ timeServers }: TimeQuestion, how: Manner = manner): Promise<TimeAnswer> {
  const reports = await Promise.all(timeServers.map((server) => askServer(server, how)));
  const samples = reports.flatMap(({ sample }) => sample ?? []);
  const kisses = reports.flatMap(({ server, kiss }) =>
    kiss ? [{ server, isFinal: kiss === "DENY" || kiss === "RSTR" }] : [],
  );
  const choice = agree(samples);
  if (!choice) return { time: null, failure: whyNot(reports, samples.length).slice(0, 200), kisses };
  return {
    time: {
      timeMs: Math.round(choice.timeMs),
      monotonicUs: Math.round(choice.monotonicMs * 1000),
      errorMs: Math.ceil(choice.errorMs) + 1,
    },
    failure: null,
    kisses,
  };
}

async function askServer(server: string, how: Manner): Promise<Report> {
  const samples: Sample[] = [];
  let why = "";
  for (let count = 0; count < how.samples; count += 1) {
    if (count > 0) await delay(how.spacingMs);
    const { heard, ...times }: Exchange = await exchange(server, how.port, how.waitMs);
    // Whatever it said before: a server that does not want to be asked is not asked, nor taken at its word.
    if (heard.kind === "kiss") return { server, kiss: heard.code, why: `it does not want to be asked (${heard.code})` };
    const sample = heard.kind === "reply" ? sampleOf(times, heard) : undefined;
    if (sample) samples.push(sample);
    else why = heard.kind === "other" ? `its answer ${heard.why}` : "its answer took longer than it was under way";
  }
  return { server, sample: quickest(samples), why };
}

function whyNot(reports: readonly Report[], answered: number): string {
  if (answered === 2) return "two clocks disagree";
  if (answered > 0) return `of ${answered} clocks no majority agrees`;
  return reports.map(({ server, why }) => `${server}: ${why}`).join("; ");
}
