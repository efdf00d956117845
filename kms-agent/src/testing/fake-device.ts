/** For tests: the servers of a device as the agent sees them, with the checks of real channels, and an agent on them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CrashRecord,
  type DeviceStatus,
  deviceIdOf,
  type KeyPair,
  type LogLine,
  type Resources,
  redemptionBytes,
  type Sample,
  type System,
  signMessage,
  type TraceNews,
  type Transcript,
  transcriptBytes,
} from "@bulkhead/protocol";
import { plainStatus, plainSystem } from "@bulkhead/protocol/testing";
import {
  clockSettingInterface,
  consoleInterface,
  createLog,
  deviceIdentityInterface,
  gateInterface,
  monitorInterface,
  publishedSamplesInterface,
  schedulerInterface,
  type Verdict,
} from "@bulkhead/sdk";
import { fakeClient } from "@bulkhead/sdk/testing";
import { type AgentOptions, startAgent } from "../agent.ts";
import type { ConnectionTimes } from "../session/connection.ts";
import type { Identities } from "./fake-kms.ts";

export const system: System = plainSystem({ system: "greenhouse" });
export const statusOf = (generation: number, digest = "a".repeat(64)): DeviceStatus =>
  plainStatus(generation, { release: { digest, name: "greenhouse", version: "1.0.0", releaseCounter: 1 } });

export const resourcesOf = (usedBytes: number): Resources => ({
  cgroup: "v2",
  components: [
    {
      name: "climate",
      declared: { memoryBytes: 48 << 20, cpu: "weight 100", processes: 16, openFiles: 256 },
      enforced: { memoryBytes: 48 << 20, cpuWeight: 100, cpuQuotaPercent: null, processes: 16 },
      used: { memoryBytes: usedBytes, cpuUs: 1234, processes: 11, openFiles: 21 },
    },
  ],
});

export const accepted: Verdict = { accepted: true, code: null, message: "accepted" };

/** A device whose state, console and verdicts a test sets; `calls` are what the verifier was asked. */
export async function makeFakeDevice(keys: Identities) {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-agent-"));
  const calls: { operation: string; args: unknown }[] = [];
  /** What the clock server was offered. */
  const offers: unknown[] = [];
  const device = {
    status: statusOf(1),
    resources: resourcesOf(1),
    lines: [] as LogLine[],
    samples: [] as Sample[],
    /** What rings have, each once. */
    traceNews: [] as TraceNews[],
    crashes: [] as CrashRecord[],
    /** What its card brought; undefined: it is enrolled. */
    token: undefined as KeyPair | undefined,
    command: async (): Promise<Verdict> => accepted,
    install: async (): Promise<Verdict> => accepted,
    examine: async (): Promise<Examined> => ({ verdict: accepted, missing: [], roomBytes: 0 }),
  };
  const asked = <T>(operation: string, args: unknown, answer: () => T): T => {
    calls.push({ operation, args });
    return answer();
  };
  const identity = fakeClient(deviceIdentityInterface, {
    publicKeys: () => ({ deviceKey: keys.device.publicKey, tunnelKey: keys.deviceTunnel.publicKey }),
    signTranscript: (transcript) => proofOf(keys.device, device.token, transcript),
    enrolled: () => asked("enrolled", null, () => null),
    random: ({ bytes }) => ({ data: new Uint8Array(bytes) }),
  });
  const monitor = fakeClient(monitorInterface, {
    status: () => device.status,
    system: () => system,
    inspections: () => ({}),
    report: () => ({
      ...{ format: 1 as const, atMs: 1, status: device.status, resources: device.resources },
      ...{ usage: null, clock: null, inspections: {} },
    }),
  });
  const console = fakeClient(consoleInterface, {
    read: ({ after, limit }) => ({ lines: device.lines.filter((l) => l.sequence > after).slice(0, limit), dropped: 0 }),
    crashes: ({ limit }) => device.crashes.slice(0, limit),
  });
  const { samples, scheduler } = fakeSources(device);
  const clock = fakeClient(clockSettingInterface, {
    offer: (offer) => {
      offers.push(offer);
      return { timeMs: offer.timeMs, quality: offer.source, errorMs: offer.errorMs };
    },
  });
  const gate = fakeClient(gateInterface, {
    examine: (args) => asked("examine", args, device.examine),
    install: (args) => asked("install", args, device.install),
    command: (args) => asked("command", args, device.command),
  });
  const logged: string[] = [];
  const { deviceId, config } = agentConfig(keys);

  return {
    device,
    deviceId,
    calls,
    offers,
    logged,
    directory,
    neighbours: { identity, monitor, console, samples, scheduler, gate, clock },
    write(text: string) {
      const sequence = (device.lines.at(-1)?.sequence ?? 99) + 1;
      device.lines.push({ sequence, atMs: 1, component: "climate", stream: "out", text });
      console.notify("written", { sequence });
    },
    publish(value: number, stream = "temperature") {
      const sequence = (device.samples.at(-1)?.sequence ?? 99) + 1;
      device.samples.push({ sequence, atMs: sequence, component: "climate", stream, value });
      samples.notify("published", { sequence });
    },
    /** Starts an agent on this device; a second one finds what the first left. */
    start: (port: number, { times, incarnation = 1, firstIncarnation = 1, onReached, onVisitor }: StartOptions = {}) =>
      startAgent({
        incarnation,
        ...(onReached && { onReached }),
        ...(onVisitor && { onVisitor }),
        config: { ...config, firstIncarnation, authority: `127.0.0.1:${port}` },
        uses: {
          identity: identity.client,
          monitor: monitor.client,
          console: console.client,
          samples: samples.client,
          scheduler: scheduler.client,
          clock: clock.client,
          gate: gate.client,
        },
        log: createLog((line) => logged.push(line)),
        stagingDirectory: directory,
        ...(times && { times }),
      }),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

function proofOf(key: KeyPair, token: KeyPair | undefined, transcript: Transcript) {
  const deviceKey = key.publicKey;
  return {
    signature: signMessage(key, transcriptBytes("device", transcript)),
    ...(token && { redemption: { deviceKey, signature: signMessage(token, redemptionBytes(transcript, deviceKey)) } }),
  };
}

type StartOptions = Pick<AgentOptions, "onVisitor"> & {
  times?: ConnectionTimes;
  incarnation?: number;
  firstIncarnation?: number;
  onReached?: () => void;
};

type Examined = { verdict: Verdict; missing: { digest: string; length: number }[]; roomBytes: number };
type Sources = { samples: Sample[]; traceNews: TraceNews[]; resources: Resources };

function fakeSources(device: Sources) {
  const samples = fakeClient(publishedSamplesInterface, {
    read: ({ after, limit }) => ({
      samples: device.samples.filter(({ sequence }) => sequence > after).slice(0, limit),
      dropped: 0,
    }),
  });
  const scheduler = fakeClient(schedulerInterface, {
    report: () => device.resources,
    usage: () => [],
    trace: ({ component }) => ({ entries: [[1, "m", `a mark of ${component}`]], damaged: 0 }),
    traceNews: ({ after }) =>
      device.traceNews
        .filter(({ component, first }) => first >= (after[component]?.line ?? 0))
        .filter(({ component }, at, all) => all.findIndex((one) => one.component === component) === at),
  });
  return { samples, scheduler };
}

export type FakeDevice = Awaited<ReturnType<typeof makeFakeDevice>>;

function agentConfig(keys: Identities) {
  const deviceId = deviceIdOf(keys.device.publicKey);
  const pins = {
    deviceId,
    deviceTunnelKey: keys.deviceTunnel.publicKey,
    kmsTunnelKey: keys.kmsTunnel.publicKey,
    instanceKey: keys.instance.publicKey,
  };
  return {
    deviceId,
    config: {
      pins,
      rootVersion: 1,
      sleep: null,
      firstIncarnation: 1,
      store: { telemetryBytes: 256 * 1024, logsBytes: 256 * 1024, traceBytes: 64 * 1024 },
    },
  };
}
