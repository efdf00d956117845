/** Boards that may enrol themselves, each once and for a while: kept by the public half of its token, gone when it has come or its time is over. */
import { BulkheadError, isWeakSigningKey } from "@bulkhead/protocol";
import { and, asc, eq, gt, lte, or } from "drizzle-orm";
import type { EnrolmentRequest } from "../api/index.ts";
import { type Database, isDuplicate, type Queries, type Scope } from "../database/index.ts";
import { devices, enrolments } from "../database/schema.ts";
import { checkTunnelKey, type DeviceRow, enrolDevice } from "../devices/index.ts";

export type EnrolmentRow = typeof enrolments.$inferSelect;

/** Errors: CONFLICT, KEY_WEAK. */
export async function openEnrolment(
  database: Database,
  scope: Scope,
  { lifeMs, ...request }: EnrolmentRequest,
  kmsTunnelKey: string,
  nowMs: number,
): Promise<EnrolmentRow> {
  checkTunnelKey(request.tunnelKey, kmsTunnelKey);
  if (isWeakSigningKey(request.tokenKey)) {
    throw new BulkheadError("KEY_WEAK", "the token's key is no point of the curve or lies in its small subgroup", {
      remedy: "make a new token",
    });
  }
  return database.transaction(async (inside) => {
    // One that has run out holds neither name nor key.
    await inside.delete(enrolments).where(lte(enrolments.expiresAtMs, nowMs));
    const taken = await inside
      .select({ id: devices.id })
      .from(devices)
      .where(
        or(and(eq(devices.scope, scope.id), eq(devices.name, request.name)), eq(devices.tunnelKey, request.tunnelKey)),
      );
    if (taken.length > 0) throw conflict(request.name);
    const [awaited] = await inside
      .select({ expiresAtMs: enrolments.expiresAtMs })
      .from(enrolments)
      .where(and(eq(enrolments.scope, scope.id), eq(enrolments.name, request.name)));
    if (awaited) throw isAwaited(request.name, awaited.expiresAtMs);
    const values = { ...request, scope: scope.id, createdAtMs: nowMs, expiresAtMs: nowMs + lifeMs };
    const [row] = await inside
      .insert(enrolments)
      .values(values)
      .returning()
      .catch((cause: unknown) => {
        throw isDuplicate(cause) ? conflict(request.name, cause) : cause;
      });
    if (!row) throw new BulkheadError("INTERNAL", `the database stored an enrolment without saying so`);
    return row;
  });
}

/** Those that may still come, oldest first. */
export async function listEnrolments(database: Queries, scope: Scope, nowMs: number): Promise<EnrolmentRow[]> {
  return database
    .select()
    .from(enrolments)
    .where(and(eq(enrolments.scope, scope.id), gt(enrolments.expiresAtMs, nowMs)))
    .orderBy(asc(enrolments.number));
}

export async function findEnrolment(
  database: Queries,
  scope: Scope,
  number: number,
  nowMs: number,
): Promise<EnrolmentRow | undefined> {
  return (await listEnrolments(database, scope, nowMs)).find((row) => row.number === number);
}

/** Errors: NOT_FOUND, also where it was redeemed. */
export async function cancelEnrolment(database: Database, scope: Scope, number: number): Promise<void> {
  const removed = await database.delete(enrolments).where(ofNumber(scope, number)).returning();
  if (removed.length > 0) return;
  throw new BulkheadError("NOT_FOUND", `no board with the number ${number} is waited for`, {
    remedy: "it has come, or its time is over: list the devices",
  });
}

/**
 * The device that the board becomes. In one step: of two that come with one token at the same time one gets nothing. The proofs have been looked at.
 * Errors: ENROLMENT_REFUSED, CONFLICT, KEY_WEAK.
 */
export async function redeemEnrolment(
  database: Database,
  scope: Scope,
  { number, tokenKey }: EnrolmentRow,
  deviceKey: string,
  kmsTunnelKey: string,
): Promise<DeviceRow> {
  return database.transaction(async (inside) => {
    const [row] = await inside
      .delete(enrolments)
      .where(and(ofNumber(scope, number), eq(enrolments.tokenKey, tokenKey), gt(enrolments.expiresAtMs, Date.now())))
      .returning();
    if (!row) throw refused("it was used, withdrawn, or has run out meanwhile");
    const { name, tunnelKey, deployment } = row;
    return enrolDevice(inside, scope, { name, deviceKey, tunnelKey, deployment, number }, kmsTunnelKey);
  });
}

/** Takes away those whose time is over; answers their names. */
export async function sweepEnrolments(database: Queries, nowMs: number): Promise<string[]> {
  const removed = await database
    .delete(enrolments)
    .where(lte(enrolments.expiresAtMs, nowMs))
    .returning({ name: enrolments.name });
  return removed.map(({ name }) => name);
}

export function refused(why: string): BulkheadError {
  return new BulkheadError("ENROLMENT_REFUSED", `this board is not enrolled: ${why}`, {
    remedy: "give its card a new token: bulkhead flash … --enrol",
  });
}

function ofNumber(scope: Scope, number: number) {
  return and(eq(enrolments.scope, scope.id), eq(enrolments.number, number));
}

function conflict(name: string, cause?: unknown): BulkheadError {
  return new BulkheadError("CONFLICT", `a device or a board that is waited for has the name "${name}" or the key`, {
    remedy: "choose another name",
    cause,
  });
}

function isAwaited(name: string, expiresAtMs: number): BulkheadError {
  const until = new Date(expiresAtMs).toISOString();
  return new BulkheadError("CONFLICT", `a board named "${name}" is waited for already, until ${until}`, {
    remedy: `bulkhead device withdraw "${name}" makes its token worth nothing; or choose another name`,
  });
}
