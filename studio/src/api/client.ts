/** The command line's and the launcher's way to the management service: its HTTP API, typed, with its errors as ours. */
import { readFile } from "node:fs/promises";
import type {
  CommandRequest,
  CrashesAnswer,
  Device,
  DeviceEvent,
  EnrolmentAnswer,
  EnrolRequest,
  Health,
  LogAnswer,
  ManifestAnswer,
  MetadataAnswer,
  ObservationAnswer,
  OpenEnrolment,
  OverlaySummary,
  Paper,
  ReleaseSummary,
  ResourcesAnswer,
  StatusAnswer,
  StoredCommand,
  TelemetryAnswer,
  TelemetryOfDevice,
  TraceAnswer,
  UploadAnswer,
  UploadRequest,
} from "@bulkhead/kms";
import { BulkheadError, isErrorCode, type PaperKind, type Provisioning } from "@bulkhead/protocol";
import { z } from "zod";
import { readSessionToken } from "./session-token.ts";

const recordSchema = z.strictObject({ format: z.literal(1), url: z.url(), tokenFile: z.string() });
export type StudioRecord = z.infer<typeof recordSchema>;

const problemSchema = z.object({ code: z.string(), detail: z.string(), remedy: z.string().optional() });

/** Public keys of the service: a project's root must name its online keys. */
type InstanceAnswer = { snapshotKey: string; timestampKey: string; address: string };

export type StudioClient = ReturnType<typeof studioClient>;

const answerMs = 20_000;
/** What a blob may take longer: a base system has 150 MB, and the service may be far away. */
const leastBytesPerMs = 128;

const boundMs = (body: unknown): number =>
  answerMs + (body instanceof Uint8Array ? Math.ceil(body.length / leastBytesPerMs) : 0);

/** A client for the server at `url`; `token` is its session token. */
export function studioClient({ url, token }: { url: string; token: string }) {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const isBlob = body instanceof Uint8Array;
    const answer = await fetch(new URL(`/api/v1${path}`, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": isBlob ? "application/octet-stream" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: isBlob ? new Uint8Array(body) : JSON.stringify(body) }),
      signal: AbortSignal.timeout(boundMs(body)),
    }).catch((cause: unknown) => {
      throw new BulkheadError("STUDIO_UNREACHABLE", `the management service at ${url} does not answer`, {
        cause,
        remedy: "`bulkhead run` or `bulkhead kms start` starts one",
      });
    });
    const text = await answer.text();
    if (!answer.ok) throw problemOf(answer.status, text);
    return (text === "" ? null : JSON.parse(text)) as T;
  };
  /** Of what is long: bounded by whoever reads it, and by silence. */
  const download = async (path: string): Promise<AsyncIterable<Uint8Array>> => {
    const answer = await fetch(new URL(`/api/v1${path}`, url), { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) throw problemOf(answer.status, await answer.text());
    return answer.body ?? nothing();
  };
  const device = (id: string) => `/devices/${encodeURIComponent(id)}`;
  return {
    url,
    instance: () => ask<InstanceAnswer>("GET", "/instance"),
    health: () => ask<Health>("GET", "/health"),
    devices: async () => (await ask<{ devices: Device[] }>("GET", "/devices")).devices,
    device: async (id: string) => (await ask<{ device: Device }>("GET", device(id))).device,
    enrol: async (request: EnrolRequest) =>
      (await ask<{ provisioning: Provisioning }>("POST", "/devices", request)).provisioning,
    openEnrolment: (request: {
      name: string;
      tunnelKey: string;
      tokenKey: string;
      lifeMs?: number;
      deployment?: string;
    }) => ask<EnrolmentAnswer>("POST", "/enrolments", request),
    enrolments: async () => (await ask<{ enrolments: OpenEnrolment[] }>("GET", "/enrolments")).enrolments,
    cancelEnrolment: (number: number) => ask<unknown>("DELETE", `/enrolments/${number}`),
    resetTunnel: async (id: string) => (await ask<{ reset: string }>("POST", `${device(id)}/reset-tunnel`)).reset,
    status: (id: string) => ask<StatusAnswer>("GET", `${device(id)}/status`),
    manifest: (id: string) => ask<ManifestAnswer>("GET", `${device(id)}/manifest`),
    observation: (id: string, kind: "report" | "trace") =>
      ask<ObservationAnswer>("GET", `${device(id)}/observations/${kind}`),
    resources: (id: string) => ask<ResourcesAnswer>("GET", `${device(id)}/resources`),
    crashes: (id: string) => ask<CrashesAnswer>("GET", `${device(id)}/crashes`),
    telemetryOf: (id: string, query: { limit?: number } = {}) =>
      ask<TelemetryOfDevice>("GET", `${device(id)}/telemetry?${new URLSearchParams(textOf(query))}`),
    traces: (id: string, query: { component?: string } = {}) =>
      ask<TraceAnswer>("GET", `${device(id)}/traces?${new URLSearchParams(textOf(query))}`),
    logs: (id: string, query: { after?: number; limit?: number; component?: string } = {}) =>
      ask<LogAnswer>("GET", `${device(id)}/logs?${new URLSearchParams(textOf(query))}`),
    events: async (id: string) => (await ask<{ events: DeviceEvent[] }>("GET", `${device(id)}/events`)).events,
    command: async (id: string, request: CommandRequest) =>
      (await ask<{ command: StoredCommand }>("POST", `${device(id)}/commands`, request)).command,
    commands: async (id: string) =>
      (await ask<{ commands: StoredCommand[] }>("GET", `${device(id)}/commands`)).commands,
    releases: async () => (await ask<{ releases: ReleaseSummary[] }>("GET", "/releases")).releases,
    overlays: async () => (await ask<{ overlays: OverlaySummary[] }>("GET", "/overlays")).overlays,
    paper: (releaseDigest: string, kind: PaperKind) => ask<Paper>("GET", `/releases/${releaseDigest}/papers/${kind}`),
    hasBlob: (digest: string) =>
      ask<unknown>("GET", `/blobs/${digest}`).then(
        () => true,
        (error: unknown) => {
          if (error instanceof BulkheadError && error.code === "NOT_FOUND") return false;
          throw error;
        },
      ),
    downloadBlob: (digest: string) => download(`/blobs/${digest}/content`),
    metadata: async (name: string) => (await ask<MetadataAnswer>("GET", `/metadata/${name}`)).content,
    uploadBlob: (digest: string, bytes: Uint8Array) => ask<unknown>("PUT", `/blobs/${digest}`, bytes),
    uploadRelease: (request: UploadRequest) => ask<UploadAnswer>("POST", "/releases", request),
    telemetry: () => ask<TelemetryAnswer>("GET", "/telemetry"),
    loginLink: async () => (await ask<{ url: string }>("POST", "/login-links")).url,
  };
}

/** Finds the server that a launcher wrote down. Errors: STUDIO_UNREACHABLE. */
export async function findStudio(recordFile: string): Promise<StudioClient> {
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(recordFile, "utf8")));
    return studioClient({ url: record.url, token: await readSessionToken(record.tokenFile) });
  } catch (cause) {
    throw new BulkheadError("STUDIO_UNREACHABLE", `${recordFile} does not say where the management service is`, {
      cause,
      remedy: "is it still starting? else start it again: `bulkhead run` or `bulkhead kms start`",
    });
  }
}

function textOf(query: Record<string, string | number | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function problemOf(status: number, text: string): BulkheadError {
  try {
    const { code, detail, remedy } = problemSchema.parse(JSON.parse(text));
    return new BulkheadError(isErrorCode(code) ? code : "INTERNAL", detail, remedy ? { remedy } : {});
  } catch (cause) {
    return new BulkheadError("INTERNAL", `the management service answered ${status} without saying why`, { cause });
  }
}
