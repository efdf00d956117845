import { randomUUID } from "node:crypto";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, CommandEnvelope } from "@bulkhead/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createChallenges } from "./challenges.ts";
import { createCommandAuthority } from "./command-authority.ts";
import { decide, type Order, objectionTo, openCommandGate } from "./command-gate.ts";
import type { VerifierConfig } from "./config.ts";

const deviceId = "d-0123456789abcdef";
const config = {
  provisioning: { deviceId },
  unsignedCommands: true,
  components: ["climate"],
} as unknown as VerifierConfig;
const nowMs = 1_800_000_000_000;
const restart: Command = { kind: "restart-component", component: "climate" };
const envelope = (change: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
  id: randomUUID(),
  deviceId,
  deadlineMs: nowMs + 1_000,
  command: restart,
  ...change,
});

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-commands-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function openGate(now = () => nowMs) {
  const orders: Order[] = [];
  const authority = createCommandAuthority(createChallenges(), async () => undefined, now);
  const ports = { act: (order: Order) => void orders.push(order), admit: async () => undefined };
  const gate = await openCommandGate({ directory, config, now, authority, ...ports });
  return { gate, orders };
}

describe("what a command must be", () => {
  test.each<[string, Partial<CommandEnvelope>, string]>([
    ["past its deadline", { deadlineMs: nowMs - 1 }, "COMMAND_EXPIRED"],
    ["too far ahead", { deadlineMs: nowMs + 8 * 86_400_000 }, "COMMAND_INVALID"],
    ["for another device", { deviceId: "d-ffffffffffffffff" }, "COMMAND_INVALID"],
    [
      "a deployment",
      { command: { kind: "deploy", target: "x-1.json", releaseDigest: "0".repeat(64) } },
      "COMMAND_INVALID",
    ],
  ])("[M15] a command %s is refused", (_, change, code) => {
    expect(objectionTo(envelope(change), config, nowMs)).toMatchObject({ code });
  });

  test("[M15] a command for a component that does not run here is refused", () => {
    const { verdict, order } = decide(envelope({ command: { ...restart, component: "nobody" } }), config, []);
    expect(verdict).toMatchObject({ accepted: false, code: "COMPONENT_UNKNOWN" });
    expect(order).toBeUndefined();
  });

  test("[M15] restarting a component and the whole runtime are two orders", () => {
    expect(decide(envelope(), config, []).order).toMatchObject(["restart", { component: "climate" }]);
    const all = envelope({ command: { kind: "restart-runtime" } });
    expect(decide(all, config, []).order).toMatchObject(["restart", { component: null }]);
  });

  test("[K8] being asked to verify is an order of its own", () => {
    const asked = envelope({ command: { kind: "verify" } });
    expect(decide(asked, config, []).order).toEqual(["verify", {}]);
  });
});

describe("replay", () => {
  test("[M15] a repeated command has the same answer and no second effect, also after a restart", async () => {
    const command = envelope();
    const first = await openGate();
    const verdict = await first.gate.judge(command);
    expect(verdict.accepted).toBe(true);
    expect(await first.gate.judge(command)).toEqual(verdict);
    expect(first.orders).toHaveLength(1);
    const second = await openGate();
    expect(await second.gate.judge(command)).toEqual(verdict);
    expect(second.orders).toEqual([]);
  });

  test("[M15] an id stands for one command", async () => {
    const { gate, orders } = await openGate();
    const command = envelope();
    await gate.judge(command);
    const other = { ...command, command: { kind: "restart-runtime" } as const };
    expect(await gate.judge(other)).toMatchObject({ accepted: false, code: "COMMAND_INVALID" });
    expect(orders).toHaveLength(1);
  });

  test("[M15] an id is forgotten only when its deadline refuses it anyway", async () => {
    let time = nowMs;
    const { gate, orders } = await openGate(() => time);
    const command = envelope();
    await gate.judge(command);
    time += 5_000;
    await gate.judge(envelope({ deadlineMs: time + 1 }));
    expect(await gate.judge(command)).toMatchObject({ accepted: false, code: "COMMAND_EXPIRED" });
    expect(orders).toHaveLength(2);
  });

  test("[M15] a damaged memory stops nothing", async () => {
    const { gate } = await openGate();
    await gate.judge(envelope());
    await truncate(join(directory, "commands.json"), 10);
    expect(await (await openGate()).gate.judge(envelope())).toMatchObject({ accepted: true });
  });
});
