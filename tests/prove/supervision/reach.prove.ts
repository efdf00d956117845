/**
 * SIGKILL of each core server of a whole system while a client of that server calls without pause, also of those whose
 * clients are no components: the verifier's is the agent, the agent's the management service, the network server's all that
 * goes through the tunnel. What stands goes on, what the server had it has again, and what is lost is at most in flight.
 */
import { kill } from "node:process";
import { gatewayClient } from "@bulkhead/kms";
import type { DeviceReport, TraceEntry } from "@bulkhead/protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../studio/src/run/eventually.ts";
import { forgetSystem } from "../../first-light/launched.ts";
import { startCommander } from "./reach/commander.ts";
import { runSystem, type System } from "./reach/system.ts";
import { type Asked, missingIn, repeatedIn, startWatch, type Watch } from "./reach/watch.ts";

const servers = [
  "verifier",
  "network",
  "kms-agent",
  "clock-server",
  "message-server",
  "scheduler-server",
  "key-store",
  "serial-server",
] as const;
type Server = (typeof servers)[number];

const name = "prove-reach";

/** The agent goes with the key store, on which it depends strongly: only then the session is another one. */
const endsSession = (server: Server) => server === "kms-agent" || server === "key-store";
/** The one component whose trace is switched off by command, although all others' are on by command. */
const untraced = "answerer";

let system: System;
let commander: ReturnType<typeof startCommander>;
let watch: Watch;
let clockMs = 0;

beforeAll(async () => {
  system = await runSystem(name);
  const { light } = system;
  await system.untilReady();
  const next = await system.publishNext();
  await light.command(system.deployOf(next));
  await system.untilCommitted(next);
  for (const [component, action] of [
    [null, "on"],
    [untraced, "off"],
  ] as const) {
    expect((await light.command({ kind: "trace", component, action })).state).toBe("done");
  }
  watch = startWatch(light.client, light.deviceId);
  commander = startCommander(light.client, light.deviceId);
});
afterAll(async () => {
  await commander?.stop().catch(() => undefined);
  watch?.stop();
  await system?.running.stop();
  await forgetSystem(name);
});

const nowUs = () => Number(process.hrtime.bigint() / 1000n);
const until = <T>(what: string, look: () => Promise<T | undefined | false>) =>
  eventually(what, 90_000, async () => (await look().catch(() => undefined)) || undefined);
const commandsAfter = (ms: number) => commander.given.filter(({ fromMs }) => fromMs > ms);

async function report(afterMs: number): Promise<DeviceReport> {
  const { light } = system;
  return until("a report", async () => {
    const { observation } = await light.client.observation(light.deviceId, "report");
    return observation?.kind === "report" && observation.report.atMs > afterMs && observation.report;
  });
}

/** Entries of a component's trace, as the device forwarded them. */
async function entriesOf(component: string): Promise<TraceEntry[]> {
  const { light } = system;
  return (await light.client.traces(light.deviceId, { component })).segments.flatMap(({ entries }) => entries);
}

async function peer() {
  const { running } = system;
  const { peers } = await gatewayClient(running.paths.gatewaySocket).status();
  return peers.find(({ publicKey }) => publicKey === running.provisioning.tunnelKey);
}

const declaredIn = ({ resources }: DeviceReport) => resources?.components.map(({ name, declared }) => [name, declared]);
const failedReads = ({ reads }: Asked) => Object.keys(reads).filter((what) => what !== "done");

test.each(servers)(
  "[K2] [K3] %s is killed: its clients lose at most what is in flight, and it is as it was",
  async (server) => {
    const { light } = system;
    const startMs = Date.now();
    await until("commands that are done", async () => commandsAfter(startMs).length >= 4);
    const before = {
      session: (await light.client.device(light.deviceId)).connectedAtMs,
      report: await report(startMs),
      trusted: await system.trusted(),
      asked: await watch.asked(),
      tunnelTime: await system.tunnelTime(),
      incarnation: (await light.component(server)).incarnation,
      connects: (await watch.textsOf("forwarder")).filter((text) => text.includes("connected to the broker")).length,
      rx: (await peer())?.rx ?? Number.NaN,
    };
    expect(before.report.clock).toMatchObject({ quality: "kms" });

    const { pid } = await light.processOf(server);
    const killedMs = Date.now();
    const killedUs = nowUs();
    kill(pid, "SIGKILL");
    const isBack = async () => {
      const now = await light.component(server);
      return now.incarnation > before.incarnation && now.state === "ready" && now;
    };
    const back = await until(`${server} to be back`, isBack);
    await system.untilReady();
    const backMs = Date.now();
    await until("commands after it", async () => commandsAfter(backMs).length >= 4);

    // Whose client is the management service: a command in hand may fail, and says why; none is forgotten.
    const given = commandsAfter(startMs);
    const failed = given.filter(({ state }) => state !== "done");
    for (const { state, message } of failed)
      expect([state, message]).toEqual(["failed", expect.stringMatching(/the agent/)]);
    expect(failed.length).toBeLessThanOrEqual(endsSession(server) ? 1 : 0);
    const session = (await light.client.device(light.deviceId)).connectedAtMs;
    if (endsSession(server)) expect(session).toBeGreaterThan(killedMs);
    else expect(session).toBe(before.session);

    // What goes through the tunnel, and what is carried to the management service.
    const { forwarder, sayer } = { forwarder: await watch.textsOf("forwarder"), sayer: await watch.lines() };
    expect(forwarder.filter((text) => text.includes("connected to the broker"))).toHaveLength(before.connects);
    await until("lines said after it", async () => Math.max(...(await watch.lines())) > Math.max(...sayer) + 20);
    for (const [what, numbers] of [
      ["lines", await watch.lines()],
      ["samples", await watch.samples()],
      ["messages", await watch.messages()],
    ] as const) {
      expect([what, numbers.length > 20, missingIn(numbers)]).toEqual([what, true, []]);
    }
    expect(repeatedIn(await watch.lines())).toBe(0);
    expect((await peer())?.rx).toBeGreaterThan(before.rx);
    expect(await system.tunnelTime()).toBeGreaterThanOrEqual(before.tunnelTime);

    // The inspected channel: by the same list as before.
    const asked = await until("the inspected channel to be used after it", async () => {
      const now = await watch.asked();
      const isUsed = (kind: keyof Asked, what: string) => (now[kind][what] ?? 0) > (before.asked[kind][what] ?? 0) + 8;
      return isUsed("reads", "done") && isUsed("resets", "IPC_NOT_GRANTED") && now;
    });
    expect(asked.resets["done"]).toBeUndefined();
    expect(failedReads(asked)).toEqual([]);
    expect((await watch.textsOf(untraced)).filter((text) => text.includes("was reset"))).toEqual([]);

    // What the servers know: whom to trust, the time, what is declared.
    expect(await system.trusted()).toEqual(before.trusted);
    const after = await report(backMs);
    expect(after.clock).toMatchObject({ quality: "kms" });
    expect(after.clock?.timeMs).toBeGreaterThanOrEqual(Math.max(clockMs, before.report.clock?.timeMs ?? 0));
    clockMs = after.clock?.timeMs ?? 0;
    expect(declaredIn(after)).toEqual(declaredIn(before.report));

    // Who records goes on recording, the server from its first moment on; who was switched off does not begin.
    const incarnation = back.incarnation;
    for (const component of [server, "sayer", "asker"]) {
      const entries = await until(`a trace of ${component} after it`, async () => {
        const found = (await entriesOf(component)).filter(([atUs]) => atUs > killedUs);
        return found.length > 0 && found;
      });
      if (component === server) expect(entries.find(([, kind]) => kind === "s")?.[2]).toBe(incarnation);
    }
    expect((await entriesOf(untraced)).filter(([atUs]) => atUs > killedUs)).toEqual([]);
    process.stdout.write(
      `${server}: back after ${backMs - killedMs} ms; ${given.length} commands, ${failed.length} failed, the longest ${Math.max(...given.map(({ fromMs, toMs }) => toMs - fromMs))} ms\n`,
    );
  },
);

test("[K2] [K22] the agent is killed while nobody listens and it stores: nothing that was said is lost or comes twice", async () => {
  const { light, running } = system;
  await commander.stop();
  const before = Math.max(...(await watch.lines()));
  const agent = await light.processOf("kms-agent");
  await running.kms.kill();
  const stored = await until("something to be stored", system.storedBytes);
  kill(agent.pid, "SIGKILL");
  await until("the next agent to store", async () => (await system.storedBytes()) > stored + 2_000);
  await running.kms.restart();
  await system.untilReady();
  await until("lines of the time without it", async () => Math.max(...(await watch.lines())) > before + 40);
  expect([missingIn(await watch.lines()), repeatedIn(await watch.lines())]).toEqual([[], 0]);
  expect(missingIn(await watch.samples())).toEqual([]);
});

test.each(["verifier", "network", "kms-agent"])(
  "[K2] %s is killed in the middle of a deployment: that is done or says why not, and the next one is done",
  async (server) => {
    const { light, deployOf } = system;
    const next = await system.publishNext();
    const { pid } = await light.processOf(server);
    const { id } = await light.client.command(light.deviceId, { command: deployOf(next) });
    kill(pid, "SIGKILL");
    const find = async () => (await light.client.commands(light.deviceId)).find((one) => one.id === id);
    const isOver = (found: Awaited<ReturnType<typeof find>>) =>
      found && !["pending", "delivered"].includes(found.state);
    expect(isOver(await find())).toBe(false);
    const answer = await until("the end of the deployment", async () => {
      const found = await find();
      return isOver(found) && found;
    });
    process.stdout.write(`${server} killed in a deployment: ${answer.state} ${answer.message}\n`);
    if (answer.state !== "done")
      expect(answer).toMatchObject({ state: "failed", message: expect.stringMatching(/\w/) });
    await system.untilReady();
    const isThere = (await light.status()).release.digest === next.releaseDigest;
    if (!isThere) expect(await light.command(deployOf(next), 90_000)).toMatchObject({ state: "done" });
    await system.untilCommitted(next);
  },
);

test("[K2] after all that an older release is refused, as before", async () => {
  expect(await system.deployOlder()).toMatchObject({ state: "refused", code: "RELEASE_ROLLBACK" });
});
