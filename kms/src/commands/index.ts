/**
 * The ledger of commands. A command is a row until its device has answered or its deadline has passed; it is delivered
 * at least once, and the device, which remembers ids, carries it out at most once.
 */
import { randomUUID } from "node:crypto";
import type { Command, FromDevice, OperatorWord } from "@bulkhead/protocol";
import { and, asc, desc, eq, gt, inArray, lte, sql } from "drizzle-orm";
import type { StoredCommand } from "../api/index.ts";
import { type Queries, type Scope, storableText } from "../database/index.ts";
import { commands } from "../database/schema.ts";

const listed = 200;
const open = inArray(commands.state, ["pending", "delivered"]);

type Wish = { readonly command: Command; readonly timeoutMs: number; readonly signed?: OperatorWord | undefined };

export async function createCommand(
  database: Queries,
  scope: Scope,
  deviceId: string,
  { command, timeoutMs, signed }: Wish,
): Promise<StoredCommand> {
  const createdAtMs = Date.now();
  const deadlineMs = createdAtMs + timeoutMs;
  const row = { id: randomUUID(), deviceId, command, createdAtMs, deadlineMs, signed: signed ?? null };
  const [stored] = await database
    .insert(commands)
    .values({ ...row, scope: scope.id, state: "pending" })
    .returning(visible);
  if (!stored) throw new Error(`the database stored command ${row.id} without saying so`);
  return stored;
}

/** The newest commands, newest first. */
export async function listCommands(database: Queries, scope: Scope, deviceId: string): Promise<StoredCommand[]> {
  return database
    .select(visible)
    .from(commands)
    .where(ofDevice(scope, deviceId))
    .orderBy(desc(commands.createdAtMs))
    .limit(listed);
}

/** What the device must still hear, in the order in which it was asked for. */
export async function openCommands(database: Queries, scope: Scope, deviceId: string): Promise<StoredCommand[]> {
  return database
    .select(visible)
    .from(commands)
    .where(and(ofDevice(scope, deviceId), open, gt(commands.deadlineMs, Date.now())))
    .orderBy(asc(commands.createdAtMs));
}

/** To be called before the command is sent: what is counted may not have arrived, what has arrived is counted. */
export async function markDelivered(database: Queries, scope: Scope, id: string): Promise<StoredCommand | undefined> {
  const [row] = await database
    .update(commands)
    .set({ state: "delivered", deliveries: sql`${commands.deliveries} + 1` })
    .where(and(eq(commands.scope, scope.id), eq(commands.id, id), open))
    .returning(visible);
  return row;
}

type Result = Extract<FromDevice, { type: "command-result" }>;

/**
 * Stores what the device answered; undefined where it has no such command or it was answered before. An answer counts
 * after the deadline too: it says what really happened.
 */
export async function finishCommand(
  database: Queries,
  scope: Scope,
  deviceId: string,
  result: Result,
): Promise<StoredCommand | undefined> {
  const unanswered = inArray(commands.state, ["pending", "delivered", "expired"]);
  const [row] = await database
    .update(commands)
    .set({
      state: result.outcome,
      finishedAtMs: Date.now(),
      code: result.code === null ? null : storableText(result.code),
      message: storableText(result.message),
      challenge: result.challenge ?? null,
    })
    .where(and(ofDevice(scope, deviceId), eq(commands.id, result.id), unanswered))
    .returning(visible);
  return row;
}

/** Ends the commands whose deadline has passed, and returns them. */
export async function expireCommands(database: Queries, scope: Scope): Promise<StoredCommand[]> {
  const message = sql`case when ${commands.deliveries} = 0 then 'the device did not connect in time' else 'the device did not answer in time' end`;
  return database
    .update(commands)
    .set({ state: "expired", finishedAtMs: Date.now(), code: "COMMAND_EXPIRED", message })
    .where(and(eq(commands.scope, scope.id), open, lte(commands.deadlineMs, Date.now())))
    .returning(visible);
}

function ofDevice(scope: Scope, deviceId: string) {
  return and(eq(commands.scope, scope.id), eq(commands.deviceId, deviceId));
}

const visible = {
  id: commands.id,
  deviceId: commands.deviceId,
  command: commands.command,
  createdAtMs: commands.createdAtMs,
  deadlineMs: commands.deadlineMs,
  state: commands.state,
  deliveries: commands.deliveries,
  finishedAtMs: commands.finishedAtMs,
  code: commands.code,
  message: commands.message,
  signed: commands.signed,
  challenge: commands.challenge,
};
