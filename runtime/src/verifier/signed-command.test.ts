import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Command,
  type CommandEnvelope,
  challengeLifeMs,
  commandSchema,
  generateSigningKey,
  type KeyPair,
  operatorBytes,
  type SignedOrder,
  signMessage,
} from "@bulkhead/protocol";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createChallenges } from "./challenges.ts";
import { createCommandAuthority } from "./command-authority.ts";
import { type CommandGate, type Order, openCommandGate } from "./command-gate.ts";
import type { VerifierConfig } from "./config.ts";

const deviceId = "d-0123456789abcdef";
const restart: Command = { kind: "restart-component", component: "climate" };
const operator = generateSigningKey();
const second = generateSigningKey();
const hour = 3_600_000;
const nowMs = 1_800_000_000_000;

/** Targets that name operators, as the studio writes them. What signs the targets is the metadata's business. */
function targets(operators: readonly KeyPair[], threshold = 1, expires = nowMs + hour): string {
  const ids = operators.map((_, index) => String(index).repeat(64));
  const hex = (key: KeyPair) => Buffer.from(key.publicKey, "base64url").toString("hex");
  const keys = operators.map((key, index) => [
    ids[index],
    { keytype: "ed25519", scheme: "ed25519", keyval: { public: hex(key) } },
  ]);
  const role = { name: "operators", keyids: ids, threshold, terminating: true, paths: ["commands/*"] };
  const delegations = { keys: Object.fromEntries(keys), roles: [role] };
  return JSON.stringify({ signed: { expires: new Date(expires).toISOString(), delegations } });
}

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bulkhead-signed-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Settings = { targets?: string | undefined; unsignedCommands?: boolean; hostMs?: number; uptime?: () => number };

/** The device of a production board; another call over the same directory is its verifier after a restart. */
async function openDevice(settings: Settings = {}) {
  const config = {
    provisioning: { deviceId },
    unsignedCommands: settings.unsignedCommands ?? false,
    components: ["climate", "pump"],
  } as unknown as VerifierConfig;
  const trusted = "targets" in settings ? settings.targets : targets([operator]);
  const now = () => settings.hostMs ?? nowMs;
  const orders: Order[] = [];
  const authority = createCommandAuthority(createChallenges(settings.uptime), async () => trusted, now);
  const admitted: Command[] = [];
  const ports = { act: (order: Order) => orders.push(order), admit: async (one: Command) => void admitted.push(one) };
  const gate = await openCommandGate({ directory, config, now, authority, ...ports });
  return { gate, orders, admitted };
}

const envelope = (command: Command, change: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
  id: randomUUID(),
  deviceId,
  deadlineMs: nowMs + 60_000,
  command,
  ...change,
});

async function challengeOf(gate: CommandGate): Promise<string> {
  const { accepted, challenge } = await gate.judge(envelope({ kind: "challenge" }));
  expect(accepted).toBe(true);
  return challenge ?? "";
}

type Given = Partial<SignedOrder> & { keys?: readonly KeyPair[] };
function signed(challenge: string, { keys = [operator], ...change }: Given = {}): CommandEnvelope {
  const order: SignedOrder = { deviceId, challenge, validMs: 60_000, command: restart, ...change };
  const signatures = keys.map((key) => ({ key: key.publicKey, signature: signMessage(key, operatorBytes(order)) }));
  return envelope(order.command, { signed: { challenge, validMs: order.validMs, signatures } });
}

describe("a command of an operator", () => {
  test("[M15] is carried out once, and the order says whose it was", async () => {
    const { gate, orders } = await openDevice();
    const command = signed(await challengeOf(gate));
    expect(await gate.judge(command)).toMatchObject({ accepted: true, code: null });
    expect(await gate.judge(command)).toMatchObject({ accepted: true });
    expect(orders).toMatchObject([["restart", { component: "climate" }]]);
    expect(JSON.stringify(orders)).toContain(operator.publicKey);
  });

  test("[M15] is taken by a device whose clock is a year off, in either direction", async () => {
    const year = 365 * 86_400_000;
    for (const hostMs of [nowMs - year, nowMs + year]) {
      const { gate } = await openDevice({ hostMs, targets: targets([operator], 1, nowMs + 2 * year) });
      expect(await gate.judge(signed(await challengeOf(gate)))).toMatchObject({ accepted: true });
    }
  });

  test("[M15] takes as many operators as the targets say, and one of them never counts twice", async () => {
    const { gate, orders } = await openDevice({ targets: targets([operator, second], 2) });
    const alone = signed(await challengeOf(gate), { keys: [operator, operator] });
    expect(await gate.judge(alone)).toMatchObject({ accepted: false, code: "COMMAND_SIGNATURE_INVALID" });
    expect(orders).toEqual([]);
    const both = signed(await challengeOf(gate), { keys: [second, operator, generateSigningKey()] });
    expect(await gate.judge(both)).toMatchObject({ accepted: true });
  });

  test("[M15] where the policy waives signatures, one that is there is held to all the same", async () => {
    const { gate } = await openDevice({ unsignedCommands: true });
    expect(await gate.judge(envelope(restart))).toMatchObject({ accepted: true });
    const stranger = signed(await challengeOf(gate), { keys: [second] });
    expect(await gate.judge(stranger)).toMatchObject({ accepted: false, code: "OPERATOR_UNKNOWN" });
  });
});

describe("[S3] the key of a deployment", () => {
  const admit = { kind: "admit", deployment: "field", publicKey: "A".repeat(43), wrapped: "A".repeat(400) } as const;

  test("is passed on by an operator's signature, also where the policy waives that for all else", async () => {
    for (const unsignedCommands of [true, false]) {
      const { gate, orders, admitted } = await openDevice({ unsignedCommands });
      expect(await gate.judge(envelope(admit))).toMatchObject({ accepted: false, code: "COMMAND_UNSIGNED" });
      const word = { keys: [second], command: admit };
      const stranger = signed(await challengeOf(gate), word);
      expect(await gate.judge(stranger)).toMatchObject({ accepted: false, code: "OPERATOR_UNKNOWN" });
      expect(admitted).toEqual([]);
      const given = signed(await challengeOf(gate), { command: admit });
      const other = { ...given, command: { ...admit, publicKey: "B".repeat(43) } };
      expect(await gate.judge(other)).toMatchObject({ accepted: false, code: "COMMAND_SIGNATURE_INVALID" });
      expect(admitted).toEqual([]);
      expect(await gate.judge({ ...given, id: randomUUID() })).toMatchObject({ accepted: true });
      expect([admitted, orders]).toEqual([[admit], []]);
    }
  });
});

describe("who has the management service and all its keys", () => {
  const taken: [string, (challenge: string) => CommandEnvelope, string][] = [
    ["gives a command without a signature", () => envelope(restart), "COMMAND_UNSIGNED"],
    ["signs with a key of its own", (challenge) => signed(challenge, { keys: [second] }), "OPERATOR_UNKNOWN"],
    [
      "says that the signature is an operator's",
      (challenge) => {
        const own = signed(challenge, { keys: [second] });
        const [forged] = own.signed?.signatures ?? [];
        const signatures = [{ key: operator.publicKey, signature: forged?.signature ?? "" }];
        return { ...own, signed: { challenge, validMs: 60_000, signatures } };
      },
      "COMMAND_SIGNATURE_INVALID",
    ],
    [
      "brings what was signed for another device",
      (challenge) => signed(challenge, { deviceId: "d-ffffffffffffffff" }),
      "COMMAND_SIGNATURE_INVALID",
    ],
    [
      "puts another command under the signature",
      (challenge) => ({ ...signed(challenge), command: { kind: "restart-runtime" } }),
      "COMMAND_SIGNATURE_INVALID",
    ],
    [
      "names another component under the signature",
      (challenge) => ({ ...signed(challenge), command: { ...restart, component: "pump" } }),
      "COMMAND_SIGNATURE_INVALID",
    ],
    [
      "makes the signature good for longer",
      (challenge) => {
        const short = signed(challenge, { validMs: 1_000 });
        const signatures = short.signed?.signatures ?? [];
        return { ...short, signed: { challenge, validMs: challengeLifeMs, signatures } };
      },
      "COMMAND_SIGNATURE_INVALID",
    ],
    ["makes the challenge up", () => signed("A".repeat(43)), "COMMAND_CHALLENGE_INVALID"],
    [
      "hides a deployment in it",
      (challenge) => signed(challenge, { command: { kind: "deploy", target: "x", releaseDigest: "0".repeat(64) } }),
      "COMMAND_INVALID",
    ],
  ];
  test.each(taken)("[M+] %s: refused", async (_, make, code) => {
    const { gate, orders } = await openDevice();
    expect(await gate.judge(make(await challengeOf(gate)))).toMatchObject({ accepted: false, code });
    expect(orders).toEqual([]);
  });

  test("[M+] replays a command under another id: refused, before and after a restart of the device", async () => {
    const first = await openDevice();
    const command = signed(await challengeOf(first.gate));
    await first.gate.judge(command);
    const again = { ...command, id: randomUUID() };
    expect(await first.gate.judge(again)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    const restarted = await openDevice();
    expect(await restarted.gate.judge(again)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    expect(await restarted.gate.judge(command)).toMatchObject({ accepted: true });
    expect(restarted.orders).toEqual([]);
  });

  test("[M+] keeps a command that was never delivered for after a restart: refused", async () => {
    const kept = signed(await challengeOf((await openDevice()).gate));
    const { gate, orders } = await openDevice();
    expect(await gate.judge(kept)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    expect(orders).toEqual([]);
  });

  test("[M+] holds a command back: refused once the operator's time is over, whatever deadline it is given", async () => {
    let uptimeMs = 0;
    const { gate, orders } = await openDevice({ uptime: () => uptimeMs });
    const inTime = signed(await challengeOf(gate));
    const late = signed(await challengeOf(gate));
    const longest = signed(await challengeOf(gate), { validMs: challengeLifeMs });
    uptimeMs = 60_000;
    expect(await gate.judge(inTime)).toMatchObject({ accepted: true });
    uptimeMs = 60_001;
    for (const deadlineMs of [late.deadlineMs, nowMs + 1_000 * hour]) {
      const verdict = await gate.judge({ ...late, deadlineMs });
      expect(verdict).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    }
    uptimeMs = challengeLifeMs + 1;
    expect(await gate.judge(longest)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    expect(orders).toHaveLength(1);
  });

  test("[M+] puts a fresh challenge under a signature that has been used, or was never: refused", async () => {
    const { gate, orders } = await openDevice();
    const [used, kept] = [signed(await challengeOf(gate)), signed(await challengeOf(gate))];
    await gate.judge(used);
    for (const command of [used, kept]) {
      const word = command.signed && { ...command.signed, challenge: await challengeOf(gate) };
      const again = { ...command, id: randomUUID(), signed: word };
      expect(await gate.judge(again)).toMatchObject({ accepted: false, code: "COMMAND_SIGNATURE_INVALID" });
    }
    expect(orders).toHaveLength(1);
  });

  test("[M+] brings the later of two commands first: the earlier is over, as is one that the operator gave up on", async () => {
    const { gate, orders } = await openDevice();
    const earlier = signed(await challengeOf(gate));
    const later = signed(await challengeOf(gate), { command: { kind: "restart-runtime" } });
    const last = await challengeOf(gate);
    expect(await gate.judge(later)).toMatchObject({ accepted: true });
    expect(await gate.judge(earlier)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    expect(orders).toMatchObject([["restart", { component: null }]]);
    expect(await gate.judge(signed(last))).toMatchObject({ accepted: true });
  });

  test("[M+] exchanges two commands for each other: neither is done", async () => {
    const { gate, orders } = await openDevice();
    const one = signed(await challengeOf(gate));
    const other = signed(await challengeOf(gate), { command: { kind: "restart-runtime" } });
    expect(await gate.judge({ ...one, signed: other.signed })).toMatchObject({ code: "COMMAND_SIGNATURE_INVALID" });
    expect(await gate.judge({ ...other, signed: one.signed })).toMatchObject({ code: "COMMAND_SIGNATURE_INVALID" });
    expect(orders).toEqual([]);
  });

  test("[M+] asks for challenges without end: those of an operator go, nothing else happens, and the next one counts", async () => {
    const { gate, orders } = await openDevice();
    const crowdedOut = signed(await challengeOf(gate));
    for (let count = 0; count < 64; count += 1) await challengeOf(gate);
    expect(await gate.judge(crowdedOut)).toMatchObject({ accepted: false, code: "COMMAND_CHALLENGE_INVALID" });
    expect(orders).toEqual([]);
    expect(await gate.judge(signed(await challengeOf(gate)))).toMatchObject({ accepted: true });
  });

  test.each<[string, string | undefined, string]>([
    ["no targets were ever seen", undefined, "OPERATOR_UNKNOWN"],
    [
      "the targets name no operators",
      JSON.stringify({ signed: { expires: "2100-01-01T00:00:00Z" } }),
      "OPERATOR_UNKNOWN",
    ],
    ["the operator was taken back", targets([second]), "OPERATOR_UNKNOWN"],
    ["the targets have expired", targets([operator], 1, nowMs - 1), "RELEASE_METADATA_EXPIRED"],
  ])("[M+] an operator's signature counts no more where %s", async (_, trusted, code) => {
    const { gate, orders } = await openDevice({ targets: trusted });
    expect(await gate.judge(signed(await challengeOf(gate)))).toMatchObject({ accepted: false, code });
    expect(orders).toEqual([]);
  });

  test("[M+] has nothing that opens a session: a console, a debugger, a shell and input to a component are no commands", () => {
    for (const kind of ["console", "attach", "shell", "input", "exec", "connect", "schedule"]) {
      expect(commandSchema.safeParse({ kind, component: "climate" }).success).toBe(false);
    }
  });

  test("[M+] changes any byte of what was signed: refused", async () => {
    const { gate, orders } = await openDevice();
    const whole = signed(await challengeOf(gate));
    const text = JSON.stringify(whole.signed);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(..."AZaz09_-"), async (at, other) => {
        const changed = `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
        fc.pre(changed !== text);
        const word = (() => {
          try {
            return JSON.parse(changed) as CommandEnvelope["signed"];
          } catch {
            return undefined;
          }
        })();
        fc.pre(word !== undefined && Array.isArray(word.signatures) && isSameSignature(word, whole) === false);
        const verdict = await gate.judge({ ...whole, id: randomUUID(), signed: word });
        expect(verdict.accepted).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(orders).toEqual([]);
  });
});

/** The last character of base64url carries bits that no byte has: another one there is the same signature, key or nonce. */
function isSameSignature(word: NonNullable<CommandEnvelope["signed"]>, { signed: before }: CommandEnvelope): boolean {
  const bytes = (text: unknown) => Buffer.from(String(text), "base64url").toString("hex");
  const [one] = word.signatures;
  const [two] = before?.signatures ?? [];
  return (
    word.validMs === before?.validMs &&
    word.challenge === before.challenge &&
    one?.key === two?.key &&
    bytes(one?.signature) === bytes(two?.signature)
  );
}
