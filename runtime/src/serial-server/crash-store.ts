/** The crash records of the device: one file each, as many as are allowed, whole or not there after a power cut. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type CrashFacts,
  type CrashRecord,
  type CrashTrace,
  crashRecordSchema,
  type LogLine,
  maxCrashLines,
} from "@bulkhead/protocol";
import { replaceFile } from "../generations/durable.ts";
import { createBucket } from "./rate-limit.ts";

/** Flash wears, and the hundredth record of a crash loop says what the first said. */
const allowance = { perSecond: 0.1, burst: 20 };
const namePattern = /^\d{16}-[a-z0-9-]+\.json$/;

export type CrashStore = {
  /** Keeps a record of `facts` with what the component wrote and did last. Rejects where the disk does not take it. */
  keep(facts: CrashFacts, lines: readonly LogLine[], trace?: CrashTrace | null): Promise<void>;
  /** The newest, newest first; one that is damaged is passed over. */
  newest(limit: number): Promise<CrashRecord[]>;
};

export function openCrashStore(directory: string, most: number, nowMs: () => number): CrashStore {
  const bucket = createBucket(allowance);
  let skipped = 0;

  const names = async () => (await readdir(directory).catch(() => [])).filter((name) => namePattern.test(name)).sort();

  return {
    async keep(facts, lines, trace = null) {
      if (!bucket.take(nowMs())) {
        skipped += 1;
        return;
      }
      const last = lines.slice(-maxCrashLines).map(({ atMs, text }) => ({ atMs, text: text.slice(0, 500) }));
      const record: CrashRecord = { ...facts, lines: last, trace, skipped };
      skipped = 0;
      await mkdir(directory, { recursive: true });
      const name = `${String(facts.atMs).padStart(16, "0")}-${facts.component}-${facts.incarnation}.json`;
      await replaceFile(join(directory, name), JSON.stringify(record), 0o600);
      for (const old of (await names()).slice(0, -most)) await rm(join(directory, old), { force: true });
    },

    async newest(limit) {
      const texts = (await names())
        .slice(-limit)
        .reverse()
        .map((name) => readFile(join(directory, name), "utf8").catch(() => ""));
      return (await Promise.all(texts)).flatMap((text) => parse(text) ?? []);
    },
  };
}

function parse(text: string): CrashRecord | undefined {
  try {
    return crashRecordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
