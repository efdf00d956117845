import { plainStatus, plainSystem } from "@bulkhead/protocol/testing";
import { clockInterface, schedulerInterface } from "@bulkhead/sdk";
import { fakeClient, startComponent } from "@bulkhead/sdk/testing";
import { expect, test } from "vitest";
import { component } from "./main.ts";

const scheduler = fakeClient(schedulerInterface, {
  report: () => ({ cgroup: "none" as const, components: [] }),
  usage: () => [],
  traceNews: () => [],
  trace: () => ({ entries: [], damaged: 0 }),
});
const clock = fakeClient(clockInterface, {
  now: () => ({ timeMs: 5, monotonicUs: 1, quality: "kms" as const, errorMs: 2 }),
  after: () => null,
  cancel: () => null,
});
const uses = { scheduler: scheduler.client, clock: clock.client };
const system = plainSystem({ system: "greenhouse" });

test("[K3] every reader of the monitor hears of a change and can ask for it; a bad state is told to nobody", async () => {
  const started = await startComponent(component, { uses });
  const readers = [started.connect("monitor"), started.connect("monitor")];
  const heard: number[] = [];
  for (const { client } of readers) client.channel.on("changed", ({ generation }) => heard.push(generation));
  await expect(readers[0]?.client.status()).rejects.toMatchObject({ code: "COMPONENT_NOT_READY" });
  started.root.status({ status: plainStatus(1), system });
  expect(heard).toEqual([1, 1]);
  expect((await readers[1]?.client.status())?.generation).toBe(1);
  expect((await readers[1]?.client.system())?.system).toBe("greenhouse");
  started.root.status({ status: { generation: 2 }, system });
  expect(heard).toEqual([1, 1]);
  expect((await readers[0]?.client.status())?.generation).toBe(1);
  expect(started.lines.join()).toContain("a state of the root server was refused");
  readers[0]?.leave();
  started.root.status({ status: plainStatus(3), system });
  expect(heard).toEqual([1, 1, 3]);
});

test("[K3] who asks before the root server has told anything gets its answer then, and who comes later hears that there is something", async () => {
  const started = await startComponent(component, { uses });
  const asked = started.connect("monitor").client.status();
  started.root.status({ status: plainStatus(4), system });
  expect((await asked).generation).toBe(4);
  const late = started.connect("monitor");
  const heard: number[] = [];
  late.client.channel.on("changed", ({ generation }) => heard.push(generation));
  await expect.poll(() => heard).toEqual([4]);
});

test("[K16] the report has the whole state at one moment; who does not answer leaves his part empty", async () => {
  const started = await startComponent(component, { uses });
  const { client } = started.connect("monitor");
  await expect(client.report()).rejects.toMatchObject({ code: "COMPONENT_NOT_READY" });
  started.root.status({ status: plainStatus(1), system });
  expect(await client.report()).toMatchObject({
    status: { generation: 1 },
    resources: { cgroup: "none" },
    usage: [],
    clock: { timeMs: 5, quality: "kms", errorMs: 2 },
    inspections: {},
  });
  clock.goDown();
  expect(await client.report()).toMatchObject({ resources: { cgroup: "none" }, clock: null });
  clock.comeBack();
});
