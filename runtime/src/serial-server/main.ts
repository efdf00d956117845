/** The serial server: the console of the device. It keeps what every component writes and shows it to readers. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { crashFactsSchema, maxCrashLines, maxCrashRecords, nameSchema, reportError } from "@bulkhead/protocol";
import {
  consoleInterface,
  defineComponent,
  publishedSamplesInterface,
  type ServedClient,
  samplesInterface,
  serialPortInterface,
} from "@bulkhead/sdk";
import { z } from "zod";
import { lastEntries } from "../trace/last-entries.ts";
import { createAnnouncer } from "./announcer.ts";
import { collectLines } from "./collector.ts";
import { openCrashStore } from "./crash-store.ts";
import { runtimeSource } from "./intake.ts";
import { openKeptLines } from "./kept-lines.ts";
import { createPortConsole } from "./port-console.ts";
import { createRing, type NewLine, ringLimits } from "./ring.ts";
import { serveSamples } from "./samples.ts";

/** `rings`: how large the trace ring of each component is that has one. */
const configSchema = z.object({
  components: z.array(nameSchema),
  rings: z.record(nameSchema, z.number().int().nonnegative()).default({}),
  /** Of the port that the console goes out by, where the manifest names one. */
  portSpeed: z.number().int().positive().nullable().default(null),
});

/** Where it reads and where it keeps: FIFOs, crash records, the lines that outlive this server, trace rings. */
export type SerialPlaces = {
  readonly log: string;
  readonly crashes: string;
  readonly kept: string;
  readonly trace: string;
};

/** What a component wrote last may still be on its way through its pipe when the root server tells of its end. */
const lastLinesMs = 200;

/** A serial server over the FIFOs in `places.log`: one per component, and `runtime`. */
export const serialServer = (places: SerialPlaces) =>
  defineComponent({
    provides: { console: consoleInterface, samples: samplesInterface, published: publishedSamplesInterface },
    mayUse: { port: serialPortInterface },
    start({ mayUse, provides, config, log, onStop, root }) {
      const clock = { timeMs: Date.now, monotonicMs: () => performance.now() };
      // Microseconds since the start of the host: no rate limit lets a million lines a second pass, so the numbers of
      // this ring are above those of every ring before it, and readers go on reading after a restart of this server.
      const kept = openKeptLines(places.kept);
      const ring = createRing(Number(process.hrtime.bigint() / 1000n), ringLimits, kept.lines);
      const readers = new Set<ServedClient<typeof consoleInterface>>();
      const announce = createAnnouncer((sequence) => {
        for (const reader of readers) reader.notify("written", { sequence });
      });
      const { components, rings, portSpeed } = configSchema.parse(config);
      const port = mayUse.port && portSpeed !== null ? createPortConsole(mayUse.port, portSpeed) : undefined;
      onStop(() => port?.stop());
      const append = (line: NewLine) => {
        const sequence = ring.append(line);
        kept.append({ sequence, ...line });
        announce(sequence);
        port?.append(line);
      };

      provides.console.serve((client) => {
        readers.add(client);
        client.onGone(() => readers.delete(client));
        return {
          read: ({ after, limit }) => ring.read(after, limit),
          crashes: ({ limit }) => store.newest(limit),
        };
      });
      mkdirSync(join(places.kept, "samples"), { recursive: true, mode: 0o700 });
      serveSamples(join(places.kept, "samples"), provides.samples, provides.published);
      const store = openCrashStore(places.crashes, maxCrashRecords, clock.monotonicMs);
      root.hear("crash", crashFactsSchema, (facts) => {
        // At once: the next incarnation writes into the same ring.
        const trace = lastEntries(places.trace, facts, rings[facts.component] ?? 0);
        setTimeout(() => {
          store
            .keep(facts, ring.lastOf(facts.component, maxCrashLines), trace)
            .catch((error: unknown) => log.error(`no crash record of ${facts.component}`, { ...reportError(error) }));
        }, lastLinesMs);
      });

      const sources = new Set([runtimeSource, ...components]);
      const stopCollecting = collectLines({
        directory: places.log,
        sources: [...sources],
        append,
        clock,
        onUnreadable: (source, error) => log.error(`no log of ${source}`, { ...reportError(error) }),
      });
      onStop(stopCollecting);
    },
  });

/** The root server mounts `<runDir>/log`, the device's `crashes`, `<runDir>/console` and `<runDir>/trace` there. */
export const component = serialServer({ log: "/log", crashes: "/crashes", kept: "/console", trace: "/trace" });
