/**
 * What components publish: the newest samples of the whole device, numbered for ever upwards, kept over a restart of the
 * serial server like the lines of the console.
 */
import { BulkheadError, type Sample, sampleSchema } from "@bulkhead/protocol";
import {
  openSegments,
  type publishedSamplesInterface,
  readSegments,
  type Segments,
  type ServedClient,
  type Service,
  type samplesInterface,
} from "@bulkhead/sdk";
import { createAnnouncer } from "./announcer.ts";
import { type Bucket, createBucket } from "./rate-limit.ts";

/** Two segments of it; at one sample a second more than an hour, while an agent that works reads within seconds. */
export const keptSampleBytes = 512 * 1024;
const keptSamples = 4096;
const defaultPerMinute = 60;

type Published = Service<typeof publishedSamplesInterface>;
type Publishing = Service<typeof samplesInterface>;

/** Serves both ends; `directory` outlives this server. */
export function serveSamples(directory: string, publishing: Publishing, published: Published): void {
  const ring = createSampleRing(directory);
  const readers = new Set<ServedClient<typeof publishedSamplesInterface>>();
  /** By component: who connects again has no new bucket. */
  const buckets = new Map<string, Bucket>();
  const announce = createAnnouncer((sequence) => {
    for (const reader of readers) reader.notify("published", { sequence });
  });
  publishing.serve(({ component, grant }) => {
    const perMinute = grant.perMinute ?? defaultPerMinute;
    const bucket = buckets.get(component) ?? createBucket({ perSecond: perMinute / 60, burst: perMinute });
    buckets.set(component, bucket);
    return {
      publish({ values }) {
        for (const [stream, value] of Object.entries(values)) {
          if (!bucket.take(performance.now())) throw tooMany(component, perMinute);
          announce(ring.append({ atMs: Date.now(), component, stream, value }));
        }
        return null;
      },
    };
  });
  published.serve((reader) => {
    readers.add(reader);
    reader.onGone(() => readers.delete(reader));
    return { read: ({ after, limit }) => ring.read(after, limit) };
  });
}

function tooMany(component: string, perMinute: number): BulkheadError {
  return new BulkheadError("IPC_RATE_LIMITED", `${component} publishes more than ${perMinute} samples a minute`, {
    remedy: "publish less often, or raise `perMinute` of the grant",
  });
}

export type SampleRing = {
  append(sample: Omit<Sample, "sequence">): number;
  /** At most `limit` after number `after`; `dropped` were thrown away before the first. */
  read(after: number, limit: number): { samples: Sample[]; dropped: number };
};

/** Goes on after what an earlier one kept in `directory`; where nothing can be kept, nothing is. */
export function createSampleRing(directory: string, most = keptSamples): SampleRing {
  const kept = readSegments(directory, keptSampleBytes).flatMap(parseSample).slice(-most);
  // As for the console: above those of every ring before it, whatever happened to that.
  const firstEver = kept[0]?.sequence ?? Number(process.hrtime.bigint() / 1000n);
  let next = (kept.at(-1)?.sequence ?? firstEver - 1) + 1;
  let segments: Segments | undefined = openSegments(directory, keptSampleBytes);

  function keep(sample: Sample): void {
    kept.push(sample);
    // Not at each: to move thousands of samples costs more than one.
    if (kept.length >= most + 512) kept.splice(0, kept.length - most);
    try {
      segments?.append(JSON.stringify(sample));
    } catch {
      segments = undefined;
    }
  }

  return {
    append(sample) {
      const sequence = next;
      next += 1;
      keep({ sequence, ...sample });
      return sequence;
    },
    read(after, limit) {
      const samples = kept.filter(({ sequence }) => sequence > after).slice(0, limit);
      const first = samples[0]?.sequence ?? next;
      return { samples, dropped: Math.max(0, first - Math.max(after + 1, firstEver)) };
    },
  };
}

function parseSample(line: string): Sample[] {
  try {
    return [sampleSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
