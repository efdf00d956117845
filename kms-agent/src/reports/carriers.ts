/** What the device stores and forwards, put together: the console, samples and traces, each with a store of its own bound. */
import { join } from "node:path";
import { countOf, type Loss, logLineSchema, sampleSchema, traceSegmentSchema } from "@bulkhead/protocol";
import type { Log } from "@bulkhead/sdk";
import { z } from "zod";
import type { AgentConfig } from "../config.ts";
import type { OpenSession } from "../session/connection.ts";
import { openDirectory } from "../store/files.ts";
import { openStore, type StoreOptions } from "../store/store.ts";
import { type Carrier, createCarrier } from "./carrier.ts";
import {
  type LogSource,
  logCargo,
  lossOfLine,
  lossOfSample,
  type SampleSource,
  sampleCargo,
} from "./numbered-cargo.ts";
import { openPosition } from "./position.ts";
import { lossOfSegment, type TraceSource, traceCargo, tracePositionsSchema } from "./trace-cargo.ts";

export type Carriers = {
  readonly log: Carrier;
  readonly telemetry: Carrier;
  readonly trace: Carrier;
  /** `takes`: what this KMS takes beyond the log; the rest waits for one that does. */
  attach(session: OpenSession, takes: readonly string[]): void;
  stop(): Promise<void>;
};

export type CarriersOptions = {
  readonly directory: string;
  readonly bounds: AgentConfig["store"];
  readonly sources: { readonly console: LogSource; readonly samples: SampleSource; readonly scheduler: TraceSource };
  readonly log: Pick<Log, "warn">;
  complain(what: string): (error: unknown) => void;
};

/** Nobody says that a ring has something new. */
const traceLookMs = 5_000;

export async function openCarriers(options: CarriersOptions): Promise<Carriers> {
  const { directory, bounds, sources, complain } = options;
  const numbered = { schema: z.number().int().min(-1), beginning: -1 };
  const at = (name: string) => join(directory, name);
  const onFull = createFullWarning(options.log);
  const open = async <T>(name: string, boundBytes: number, kind: Pick<StoreOptions<T>, "schema" | "lossOf">) =>
    boundBytes === 0
      ? null
      : openStore<T>({ files: await openDirectory(at(name)), boundBytes, onFull: onFull(name), ...kind });

  const log = createCarrier({
    cargo: logCargo(sources.console, await openPosition({ path: at("log-position.json"), ...numbered })),
    store: await open("logs", bounds.logsBytes, { schema: logLineSchema, lossOf: lossOfLine }),
    onError: complain("carrying the log"),
  });
  const telemetry = createCarrier({
    cargo: sampleCargo(sources.samples, await openPosition({ path: at("samples-position.json"), ...numbered })),
    store: await open("telemetry", bounds.telemetryBytes, { schema: sampleSchema, lossOf: lossOfSample }),
    onError: complain("carrying telemetry"),
  });
  const positions = { path: at("trace-positions.json"), schema: tracePositionsSchema, beginning: {} };
  const trace = createCarrier({
    cargo: traceCargo(sources.scheduler, await openPosition(positions)),
    store: await open("trace", bounds.traceBytes, { schema: traceSegmentSchema, lossOf: lossOfSegment }),
    onError: complain("carrying traces"),
    gaps: { sessionMs: 1_000, storeMs: traceLookMs },
  });
  const look = setInterval(trace.poke, traceLookMs);
  return {
    ...{ log, telemetry, trace },
    attach(session, takes) {
      log.attach(session);
      if (takes.includes("telemetry")) telemetry.attach(session);
      if (takes.includes("trace")) trace.attach(session);
    },
    async stop() {
      clearInterval(look);
      await Promise.all([log.stop(), telemetry.stop(), trace.stop()]);
    },
  };
}

/** Once for each time that the disk fills up: the warning is itself stored. */
function createFullWarning(log: Pick<Log, "warn">): (name: string) => (losses: readonly Loss[]) => void {
  const quietMs = 600_000;
  const told = new Map<string, number>();
  return (name) => (losses) => {
    if (performance.now() - (told.get(name) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    told.set(name, performance.now());
    log.warn(`the disk is full: the oldest ${name} that wait for the KMS go for what is new`, {
      lost: countOf(losses),
    });
  };
}
