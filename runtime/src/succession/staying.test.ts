/** Who goes on over an update, and what each kind of change restarts. */
import { type Component, coreImages, type Release, type System } from "@bulkhead/protocol";
import { plainChannel, plainComponent, plainSystem } from "@bulkhead/protocol/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { provisioningWith } from "../network/testing/fixtures.ts";
import type { Running } from "./footprint.ts";
import { stayingOf } from "./staying.ts";

const site = {
  ...{ instance: "spec", board: "virtual", provisioning: provisioningWith({}) },
  floors: { releaseCounterFloor: 1, securityEpochFloor: 0 },
};
const image = (letter: string) => ({ artifact: letter.repeat(64), source: `./${letter}` });
const app = (letter: string, more: Partial<Component> = {}) => plainComponent({ image: image(letter), ...more });
const member = { runner: "worker", trustGroup: "crew" } as const;

const core = Object.fromEntries(
  Object.entries(coreImages).map(([name, { role, network }]) => [
    name,
    plainComponent({ role, image: { core: name }, network: [...network] }),
  ]),
);
const components = {
  ...core,
  sensor: app("a"),
  pump: app("b"),
  report: app("c", { network: ["mqtt"] }),
  lasting: app("d", { storage: { quotaBytes: 4096, keep: true } }),
  left: app("e", member),
  right: app("f", member),
};
const channels = [
  plainChannel({ client: "kms-agent", name: "gate", provider: "verifier", dependency: "weak" }),
  plainChannel({ client: "pump", name: "level", provider: "sensor" }),
  plainChannel({ client: "pump", name: "clock", provider: "clock-server" }),
  plainChannel({ client: "report", name: "pump", provider: "pump", dependency: "weak", inspect: true }),
];
const plain = plainSystem({ components, channels });
const names = Object.keys(components);

function running(number: number, system: System = plain, securityEpoch = 0): Running {
  const release = {
    ...{
      format: 1,
      name: "spec",
      version: `1.0.${number}`,
      releaseCounter: number,
      securityEpoch,
      board: "virtual",
    },
    ...{ builtAtMs: number * 1000, system, artifacts: [] },
  } as const satisfies Release;
  return { release, installed: { digest: `${number}`.repeat(64), generation: number } };
}

const everybody = () => true;
const restartedBy = (after: System, before = plain, isReady: (name: string) => boolean = everybody) => {
  const staying = stayingOf(running(1, before), running(2, after), site, isReady);
  return Object.keys(after.components)
    .filter((name) => !staying.includes(name))
    .sort();
};
/** They are told which release runs. */
const always = ["kms-agent", "verifier"];
const others = (...more: string[]) => [...always, ...more].sort();

function changed(name: keyof typeof components, change: Partial<Component>): System {
  return { ...plain, components: { ...components, [name]: { ...components[name], ...change } } };
}

describe("over an update", () => {
  test("[K17] all go on of whom nothing changes, but for those that are told which release runs", () => {
    expect(restartedBy(plain)).toEqual(always);
  });

  test("[K17] nobody goes on where the security epoch is another, on the way there and on the way back", () => {
    expect(stayingOf(running(1), running(2, plain, 1), site, everybody)).toEqual([]);
    expect(stayingOf(running(2, plain, 1), running(1), site, everybody)).toEqual([]);
    expect(stayingOf(running(1, plain, 1), running(2, plain, 1), site, everybody)).not.toEqual([]);
  });

  test.each<[string, System, string[]]>([
    ["an image: itself, and who depends on it strongly", changed("sensor", { image: image("9") }), ["pump", "sensor"]],
    ["a limit: also who reports it", changed("report", { memoryBytes: 1 }), ["report", "scheduler-server"]],
    ["its configuration", changed("report", { config: { every: 5 } }), ["report"]],
    ["its secrets", changed("report", { secrets: ["token"] }), ["report"]],
    ["a permission to reach the KMS's proxies", changed("report", { network: ["mqtt", "other"] }), ["report"]],
    [
      "a grant: both ends, and who depends on them strongly",
      { ...plain, channels: channels.map((one) => (one.name === "level" ? { ...one, grant: { pin: 1 } } : one)) },
      ["pump", "sensor"],
    ],
    [
      "a channel of somebody new: its provider, and who depends on that strongly",
      {
        ...plain,
        startOrder: [...names, "young"],
        components: { ...components, young: app("8") },
        channels: [...channels, plainChannel({ client: "young", name: "clock", provider: "clock-server" })],
      },
      // Who reads the logs and the limits of all has another list of them.
      ["clock-server", "pump", "scheduler-server", "serial-server", "young"],
    ],
    [
      "an address: one component with a network more shifts those behind it",
      changed("pump", { network: ["mqtt"] }),
      ["pump", "report"],
    ],
    [
      "a trace ring: also who reads it",
      changed("report", { trace: { ringBytes: 4096, enabled: false } }),
      ["report", "scheduler-server", "serial-server"],
    ],
    [
      "an inspected channel: both ends, and who stands in its middle",
      { ...plain, channels: channels.map((one) => ({ ...one, inspect: false })) },
      ["message-server", "pump", "report"],
    ],
    [
      "a member of a trust group: the group, which is one process",
      changed("left", { image: image("7") }),
      ["left", "right"],
    ],
    [
      "a quota: also who reports how full it is",
      changed("lasting", { storage: { quotaBytes: 8192, keep: true } }),
      ["lasting", "scheduler-server"],
    ],
  ])("[K17] what a change restarts: %s", (_, system, expected) => {
    expect(restartedBy(system)).toEqual(others(...expected));
    expect(restartedBy(plain, system)).toEqual(others(...expected.filter((name) => name !== "young")));
  });

  test("[K17] storage that does not outlive an update is empty in the next: who has it is restarted each time", () => {
    const passing = changed("sensor", { storage: { quotaBytes: 4096, keep: false } });
    expect(restartedBy(passing, passing)).toEqual(others("pump", "scheduler-server", "sensor"));
  });

  test.each<[string, Partial<System>]>([
    ["the cores that the runtime keeps to", { housekeepingCores: [0] }],
    ["what the board demands of every sandbox", { policy: { ...plain.policy, requireFullLevel: true } }],
    ["the manifest's own word", { update: { restart: "all" } }],
  ])("[K17] nobody goes on where this changes: %s", (_, more) => {
    expect(stayingOf(running(1), running(2, { ...plain, ...more }), site, everybody)).toEqual([]);
    expect(stayingOf(running(1, { ...plain, ...more }), running(2), site, everybody)).toEqual([]);
  });

  test("[K17] who is not ready does not go on, nor does who depends on it strongly", () => {
    expect(restartedBy(plain, plain, (name) => name !== "sensor")).toEqual(others("pump", "sensor"));
  });
});

const letters = ["a", "b", "c", "d", "e"];
const systems = fc
  .tuple(
    ...letters.map((name, index) =>
      fc.record({
        name: fc.constant(name),
        image: fc.constantFrom("1", "2"),
        network: fc.boolean(),
        keep: fc.boolean(),
        strong: fc.subarray(letters.slice(0, index), { maxLength: Math.min(index, 2) }),
        weak: fc.subarray(letters.slice(0, index), { maxLength: Math.min(index, 1) }),
        grant: fc.nat(1),
        isThere: fc.constantFrom(true, true, true, false),
      }),
    ),
  )
  .map((sketches) => {
    const there = sketches.filter(({ isThere }) => isThere);
    const own = there.map(({ name, image: letter, network, keep }) => {
      const storage = { quotaBytes: keep ? 4096 : 0, keep };
      return [name, app(letter, { network: network ? ["mqtt"] : [], storage })] as const;
    });
    const links = there.flatMap(({ name, strong, weak, grant }) =>
      [...new Set([...strong, ...weak])]
        .filter((provider) => there.some((one) => one.name === provider))
        .map((provider) => {
          const dependency = strong.includes(provider) ? ("strong" as const) : ("weak" as const);
          return plainChannel({ client: name, name: `to-${provider}`, provider, dependency, grant: { level: grant } });
        }),
    );
    return plainSystem({ components: Object.fromEntries(own), channels: links });
  });

test("[K17] for any two systems: who goes on is the same in both, with its channels, and so are its strong providers", () => {
  const ownChannels = ({ channels: all }: System, name: string) =>
    all.filter(({ client, provider }) => client === name || provider === name);
  fc.assert(
    fc.property(systems, systems, fc.subarray(letters), (before, after, ready) => {
      const isReady = (name: string) => ready.includes(name);
      const staying = stayingOf(running(1, before), running(2, after), site, isReady);
      for (const name of staying) {
        expect(isReady(name)).toBe(true);
        expect(after.components[name]).toEqual(before.components[name]);
        expect(ownChannels(after, name)).toEqual(ownChannels(before, name));
        const strong = after.channels.filter(({ client, dependency }) => client === name && dependency === "strong");
        expect(strong.filter(({ provider }) => !staying.includes(provider))).toEqual([]);
      }
      // The way back is the way there: who went on over a trial goes on over its end.
      expect([...stayingOf(running(2, after), running(1, before), site, isReady)].sort()).toEqual([...staying].sort());
      if (staying.length === 0) return;
      const fewer = stayingOf(
        running(1, before),
        running(2, after),
        site,
        (name) => name !== staying[0] && isReady(name),
      );
      expect(fewer.filter((name) => !staying.includes(name))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
