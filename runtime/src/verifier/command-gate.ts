/**
 * Commands that reach into the device: for this device, in time, once, and only by an operator's word or where the policy
 * waives that. What was decided is kept on the disk before it is acted upon, so that a repeated command gets the same answer and no second
 * effect, also after a restart.
 */
import { join } from "node:path";
import {
  BulkheadError,
  type Command,
  type CommandEnvelope,
  canonicalJson,
  type ErrorReport,
  reportError,
  sha256,
  type ToRoot,
} from "@bulkhead/protocol";
import type { Verdict } from "@bulkhead/sdk";
import { z } from "zod";
import type { CommandAuthority } from "./command-authority.ts";
import type { VerifierConfig } from "./config.ts";
import { readRecord, writeRecord } from "./own-record.ts";

/** More open commands than one device gets in a day; an attacker who fills them up only delays himself. */
const maxRemembered = 512;
/** What lies further ahead would have to be remembered too long. */
const maxAheadMs = 7 * 24 * 60 * 60 * 1000;

const rememberedSchema = z.array(
  z.strictObject({
    id: z.uuid(),
    deadlineMs: z.number().int(),
    /** Of the command: an id stands for one command only. */
    sha256: z.string(),
    accepted: z.boolean(),
    code: z.string().nullable(),
    message: z.string(),
  }),
);
type Remembered = z.infer<typeof rememberedSchema>[number];

/** What the root server is told: a kind of message and its content. */
export type Order = { [K in Ordered]: [kind: K, body: ToRoot[K]] }[Ordered];
type Ordered = "restart" | "verify" | "trace";
export type CommandGate = { judge(envelope: CommandEnvelope): Promise<Verdict> };

export type CommandGateOptions = {
  /** Where what was decided is remembered. */
  readonly directory: string;
  readonly config: VerifierConfig;
  /** The clock that deadlines are judged by. */
  readonly now: () => number;
  /** Of the operators whom the newest trusted targets name. */
  readonly authority: CommandAuthority;
  /** Keeps the key of a deployment, before the command counts as done. */
  readonly admit: (command: Extract<Command, { kind: "admit" }>) => Promise<void>;
  /** Carries out what was accepted, after that is remembered. */
  readonly act: (order: Order) => void;
};

export async function openCommandGate(options: CommandGateOptions): Promise<CommandGate> {
  const { config, now, authority, act } = options;
  const file = join(options.directory, "commands.json");
  // Damaged: nothing of it can be told apart any more, so nothing of it is remembered; deadlines still hold, and so do challenges.
  let remembered: Remembered[] = (await readRecord(file, rememberedSchema).catch(() => undefined)) ?? [];

  async function judge(envelope: CommandEnvelope): Promise<Verdict> {
    const digest = sha256(canonicalJson(envelope));
    const before = remembered.find(({ id }) => id === envelope.id);
    if (before !== undefined) return repeat(before, digest);
    const objection = objectionTo(envelope, config, now());
    if (objection !== undefined) return refusal(objection);
    if (envelope.command.kind === "challenge") return { ...accept("an operator can sign").verdict, ...authority.ask() };
    return carryOut(envelope, digest).catch((error: unknown) => {
      if (error instanceof BulkheadError) return refusal(error);
      throw error;
    });
  }

  async function carryOut(envelope: CommandEnvelope, digest: string): Promise<Verdict> {
    const decided = decide(envelope, config, await authority.check(envelope, config));
    // In memory first: whatever becomes of the record, the signature is good for nothing else.
    if (envelope.signed) authority.use(envelope.signed);
    if (!decided.verdict.accepted) return decided.verdict;
    if (envelope.command.kind === "admit") await options.admit(envelope.command);
    await remember({ id: envelope.id, deadlineMs: envelope.deadlineMs, sha256: digest, ...decided.verdict });
    if (decided.order !== undefined) act(decided.order);
    return decided.verdict;
  }

  async function remember(entry: Remembered): Promise<void> {
    const nowMs = now();
    const open = remembered.filter(({ deadlineMs }) => deadlineMs >= nowMs);
    if (open.length >= maxRemembered) {
      throw new BulkheadError("IPC_OVERLOADED", `${maxRemembered} commands are open already`);
    }
    // A signed command's deadline is the service's word alone: it is not to fill this up for ever.
    const kept = [...open, { ...entry, deadlineMs: Math.min(entry.deadlineMs, nowMs + maxAheadMs) }];
    await writeRecord(file, kept);
    remembered = kept;
  }

  return { judge };
}

function repeat({ accepted, code, message, sha256: digest }: Remembered, asked: string): Verdict {
  if (digest === asked) return { accepted, code, message };
  return refusal(new BulkheadError("COMMAND_INVALID", "a command of this id was another one"));
}

type Decision = { verdict: Verdict; order?: Order };

/** What becomes of a command that may be given, by these operators' keys or, where the policy waives that, nobody's. Pure. */
export function decide(envelope: CommandEnvelope, config: VerifierConfig, signers: readonly string[]): Decision {
  const named = "component" in envelope.command ? envelope.command.component : null;
  if (named !== null && !config.components.includes(named)) {
    return {
      verdict: refusal(new BulkheadError("COMPONENT_UNKNOWN", `the running system has no component ${named}`)),
    };
  }
  const { command } = envelope;
  if (command.kind === "verify") return accept("what runs is being compared with the system", ["verify", {}]);
  if (command.kind === "admit") return accept(`this device opens what is encrypted for ${command.publicKey}`);
  if (command.kind === "report") return accept("the state of the device is being sent");
  if (command.kind === "trace") return decideTrace(command);
  const component = command.kind === "restart-component" ? command.component : null;
  const what = component === null ? "the runtime" : component;
  const by = signers.length === 0 ? "from the management service" : `signed by operator ${signers.join(" and ")}`;
  const reason = `command ${envelope.id} ${by}`;
  return accept(`${what} is being restarted`, ["restart", { component, reason }]);
}

function decideTrace({ component, action }: Extract<Command, { kind: "trace" }>): Decision {
  const whose = component === null ? "all components" : component;
  if (action === "read") return accept(`the trace of ${whose} is being sent`);
  return accept(`the trace of ${whose} is ${action}`, ["trace", { component, enabled: action === "on" }]);
}

/** Without an order there is nothing for the root server to do: the agent may look, and looks itself. */
function accept(message: string, order?: Order): Decision {
  return { verdict: { accepted: true, code: null, message }, ...(order && { order }) };
}

/** What is wrong with a command whoever signed it. Pure. */
export function objectionTo(
  envelope: CommandEnvelope,
  config: VerifierConfig,
  nowMs: number,
): BulkheadError | undefined {
  const { deviceId, deadlineMs, command } = envelope;
  if (deviceId !== config.provisioning.deviceId) {
    return new BulkheadError(
      "COMMAND_INVALID",
      `the command is for ${deviceId}, and this is ${config.provisioning.deviceId}`,
    );
  }
  // A challenge bounds a signed command by a clock that nobody sets; the host's may be a year off.
  if (envelope.signed === undefined && command.kind !== "challenge") {
    const late = outOfTime(deadlineMs, nowMs);
    if (late !== undefined) return late;
  }
  if (command.kind === "deploy") {
    return new BulkheadError("COMMAND_INVALID", "a deployment is judged by its release, not as a command");
  }
  return undefined;
}

function outOfTime(deadlineMs: number, nowMs: number): BulkheadError | undefined {
  if (deadlineMs < nowMs) {
    return new BulkheadError(
      "COMMAND_EXPIRED",
      `the deadline of the command was ${new Date(deadlineMs).toISOString()}`,
    );
  }
  if (deadlineMs - nowMs > maxAheadMs) {
    return new BulkheadError("COMMAND_INVALID", "the deadline of the command is more than a week away");
  }
  return undefined;
}

/** A verdict that says no, with the way out in its sentence. */
export function refusal(error: unknown): Verdict {
  const { code, message, remedy }: ErrorReport = reportError(error);
  return { accepted: false, code, message: (remedy ? `${message}; ${remedy}` : message).slice(0, 1000) };
}
