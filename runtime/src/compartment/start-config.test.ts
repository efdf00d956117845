import type { Component, Provisioning, Release } from "@bulkhead/protocol";
import { describe, expect, test } from "vitest";
import type { Device } from "../device/index.ts";
import type { GenerationRecord } from "../generations/index.ts";
import { schedulerConfigSchema } from "../scheduler-server/declared.ts";
import { greeting } from "./greeting.ts";
import { startConfig } from "./start-config.ts";

const kms = { address: "fd00::1", proxies: { mqtt: 8001 } };
const provisioning = { deviceId: "d-0123456789abcdef", kms } as unknown as Provisioning;
const component = (change: Partial<Component>) =>
  ({ image: { artifact: "a", source: "./a" }, network: [], config: { own: 1 }, ...change }) as Component;
const own = { storage: { quotaBytes: 1, keep: false }, trace: { ringBytes: 2, enabled: false } };
const facts = {
  instance: "device-1",
  board: "virtual",
  provisioning,
  release: {
    name: "greenhouse",
    version: "1.0.0",
    releaseCounter: 3,
    securityEpoch: 1,
    builtAtMs: 7,
    artifacts: [{ digest: "e".repeat(64), length: 1 }],
    system: {
      startOrder: ["serial-server", "climate"],
      channels: [{ client: "serial-server", interface: "serial-port", grant: { port: "ttyS1", speed: 9600 } }],
      policy: { unsignedCommands: true },
      components: {
        climate: { cpu: { class: "fair", weight: 100 }, memoryBytes: 1, processes: 2, openFiles: 3, ...own },
      },
    },
  } as unknown as Release,
  installed: { digest: "d".repeat(64), generation: 2 },
  floors: { releaseCounter: 4, securityEpoch: 0 },
};
const core = (name: string) => startConfig(component({ image: { core: name } }), facts);

describe("what a component is told at its start", () => {
  test("[K17] the agent hears which of its incarnations is the first of its generation, however often it was started before", () => {
    const record = { releaseCounterFloor: 1, securityEpochFloor: 0 } as GenerationRecord;
    const device = { config: { instance: "device-1", board: "virtual" }, provisioning } as unknown as Device;
    const agent = {
      ...component({ image: { core: "kms-agent" } }),
      heartbeat: { periodMs: 1, missed: 1 },
    } as Component;
    const { system } = facts.release;
    const release = { ...facts.release, system: { ...system, components: { "kms-agent": agent } } };
    const told = (incarnation: number, before: Record<string, number>) =>
      greeting("kms-agent", incarnation, {
        ...facts,
        installed: { ...facts.installed, releaseCounter: 3 },
        release,
        record,
        device,
        before,
      });
    expect(told(1, {}).config).toMatchObject({ firstIncarnation: 1 });
    expect(told(5, { "kms-agent": 3 }).config).toMatchObject({ firstIncarnation: 4 });
  });

  test("[M11] the verifier hears of the artifacts of a pinned release beside its own, so that nobody fetches them again", () => {
    const record = { releaseCounterFloor: 1, securityEpochFloor: 0 } as GenerationRecord;
    const device = { config: { instance: "device-1", board: "virtual" }, provisioning } as unknown as Device;
    const verifier = {
      ...component({ image: { core: "verifier" } }),
      heartbeat: { periodMs: 1, missed: 1 },
    } as Component;
    const { system } = facts.release;
    const release = { ...facts.release, system: { ...system, components: { verifier } } };
    const installed = { ...facts.installed, releaseCounter: 3 };
    const given = { ...facts, installed, release, record, device, before: {}, pinnedArtifacts: ["f".repeat(64)] };
    expect(greeting("verifier", 1, given).config).toMatchObject({
      installedArtifacts: ["e".repeat(64), "f".repeat(64)],
    });
  });

  test("an application gets its manifest's configuration and nothing of the device", () => {
    expect(startConfig(component({}), facts)).toEqual({ own: 1 });
    expect(startConfig(component({ config: [1, 2] }), facts)).toEqual([1, 2]);
  });

  test("[M5] a networked one is told where its permitted proxies are, and no other", () => {
    expect(startConfig(component({ network: ["mqtt", "unknown"] }), facts)).toEqual({
      own: 1,
      network: { mqtt: { host: "fd00::1", port: 8001 } },
    });
    expect(startConfig(component({ network: ["mqtt"], config: null }), facts)).toEqual({
      network: { mqtt: { host: "fd00::1", port: 8001 } },
    });
  });

  test("core servers are told what they need for their one job", () => {
    expect(core("key-store")).toEqual({});
    expect(core("serial-server")).toEqual({
      components: ["serial-server", "climate"],
      rings: { climate: 2 },
      portSpeed: 9600,
    });
    expect(core("network")).toEqual({ provisioning });
    expect(core("scheduler-server")).toMatchObject({
      instance: "device-1",
      components: { climate: { processes: 2, openFiles: 3 } },
      usage: { climate: { quotaBytes: 1, ringBytes: 2 } },
    });
    expect(schedulerConfigSchema.safeParse(core("scheduler-server")).error).toBeUndefined();
    expect(core("clock-server")).toEqual({ trustsHost: true, builtAtMs: 7 });
    expect(core("verifier")).toMatchObject({
      board: "virtual",
      currentReleaseDigest: "d".repeat(64),
      releaseCounterFloor: 4,
      securityEpoch: 1,
      currentReleaseBuiltAtMs: 7,
      installedArtifacts: ["e".repeat(64)],
      unsignedCommands: true,
      components: ["climate"],
    });
    expect(core("kms-agent")).toMatchObject({
      provisioning,
      address: "fd00::1",
      port: 7001,
      release: { releaseCounter: 3 },
    });
  });
});
