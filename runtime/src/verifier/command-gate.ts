/**
 * Commands that reach into the device: for this device, in time, once, and only where the policy lets them in. What was
 * decided is kept on the disk before it is acted upon, so that a repeated command gets the same answer and no second
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

/** Opens the gate whose memory is in `directory`. `act` carries out what was accepted, after that is remembered. */
export async function openCommandGate(
  directory: string,
  config: VerifierConfig,
  now: () => number,
  act: (order: Order) => void,
): Promise<CommandGate> {
  const file = join(directory, "commands.json");
  // Damaged: nothing of it can be told apart any more, so nothing of it is remembered; deadlines still hold.
  let remembered: Remembered[] = (await readRecord(file, rememberedSchema).catch(() => undefined)) ?? [];

  async function judge(envelope: CommandEnvelope): Promise<Verdict> {
    const digest = sha256(canonicalJson(envelope));
    const before = remembered.find(({ id }) => id === envelope.id);
    if (before !== undefined) return repeat(before, digest);
    const decided = decide(envelope, config, now());
    if (!decided.verdict.accepted) return decided.verdict;
    const open = remembered.filter(({ deadlineMs }) => deadlineMs >= now());
    if (open.length >= maxRemembered) {
      return refusal(new BulkheadError("IPC_OVERLOADED", `${maxRemembered} commands are open already`));
    }
    const entry = { id: envelope.id, deadlineMs: envelope.deadlineMs, sha256: digest, ...decided.verdict };
    await writeRecord(file, [...open, entry]);
    remembered = [...open, entry];
    if (decided.order !== undefined) act(decided.order);
    return decided.verdict;
  }

  return { judge };
}

function repeat({ accepted, code, message, sha256: digest }: Remembered, asked: string): Verdict {
  if (digest === asked) return { accepted, code, message };
  return refusal(new BulkheadError("COMMAND_INVALID", "a command of this id was another one"));
}

type Decision = { verdict: Verdict; order?: Order };

/** The decision itself. Pure. */
export function decide(envelope: CommandEnvelope, config: VerifierConfig, nowMs: number): Decision {
  const error = objection(envelope, config, nowMs);
  if (error !== undefined) return { verdict: refusal(error) };
  const { command } = envelope;
  if (command.kind === "verify") return accept("what runs is being compared with the system", ["verify", {}]);
  if (command.kind === "report") return accept("the state of the device is being sent");
  if (command.kind === "trace") return decideTrace(command);
  const component = command.kind === "restart-component" ? command.component : null;
  const what = component === null ? "the runtime" : component;
  const reason = `command ${envelope.id} from the management service`;
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

function objection(envelope: CommandEnvelope, config: VerifierConfig, nowMs: number): BulkheadError | undefined {
  const { deviceId, deadlineMs, command } = envelope;
  if (deviceId !== config.provisioning.deviceId) {
    return new BulkheadError(
      "COMMAND_INVALID",
      `the command is for ${deviceId}, and this is ${config.provisioning.deviceId}`,
    );
  }
  if (deadlineMs < nowMs) {
    return new BulkheadError(
      "COMMAND_EXPIRED",
      `the deadline of the command was ${new Date(deadlineMs).toISOString()}`,
    );
  }
  if (deadlineMs - nowMs > maxAheadMs) {
    return new BulkheadError("COMMAND_INVALID", "the deadline of the command is more than a week away");
  }
  if (command.kind === "deploy") {
    return new BulkheadError("COMMAND_INVALID", "a deployment is judged by its release, not as a command");
  }
  if (!config.unsignedCommands) {
    return new BulkheadError("COMMAND_UNSIGNED", "the policy of this board asks for an operator's signature", {
      remedy: "signed commands are not part of this version; a development board may waive the signature",
    });
  }
  // After the signature: nobody learns the names of components by asking.
  const named = "component" in command ? command.component : null;
  if (named === null || config.components.includes(named)) return undefined;
  return new BulkheadError("COMPONENT_UNKNOWN", `the running system has no component ${named}`);
}

/** A verdict that says no, with the way out in its sentence. */
export function refusal(error: unknown): Verdict {
  const { code, message, remedy }: ErrorReport = reportError(error);
  return { accepted: false, code, message: (remedy ? `${message}; ${remedy}` : message).slice(0, 1000) };
}
