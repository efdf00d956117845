/** Errors as HTTP answers: problem+json (RFC 9457) with the codes of the protocol's one table. */
import { BulkheadError, type ErrorCode, errorTable } from "@bulkhead/protocol";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Problem } from "../api/index.ts";
import { asDatabaseError } from "../database/index.ts";
import { describeError, type Log } from "../log.ts";

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503;

const statusOf: Partial<Record<ErrorCode, ProblemStatus>> = {
  REQUEST_INVALID: 400,
  KEY_WEAK: 400,
  COMMAND_INVALID: 400,
  NOT_AUTHENTICATED: 401,
  HOST_FORBIDDEN: 403,
  ORIGIN_FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  REQUEST_TOO_LARGE: 413,
  RELEASE_INVALID: 422,
  RELEASE_METADATA_INVALID: 422,
  RELEASE_SIGNATURE_INVALID: 422,
  RELEASE_WRONG_DEVICE: 422,
  OVERLAY_INVALID: 422,
  OVERLAY_SIGNATURE_INVALID: 422,
  OVERLAY_WRONG_DEVICE: 422,
  OVERLAY_NOT_ALLOWED: 422,
  DATABASE_UNAVAILABLE: 503,
};

/** Answers any thrown value. What is not a coded error is ours: it is logged, and not told. */
export function answerProblem(context: Context, error: unknown, log: Log): Response {
  const problem = problemOf(error);
  if (problem.status >= 500) {
    log("error", "a request failed", { method: context.req.method, path: context.req.path, why: describeError(error) });
  }
  if (problem.status === 503) context.header("retry-after", "1");
  return context.body(JSON.stringify(problem), problem.status as ProblemStatus, {
    "content-type": "application/problem+json",
  });
}

function problemOf(error: unknown): Problem {
  const known = error instanceof BulkheadError ? error : (asDatabaseError(error) ?? httpError(error));
  const status = known && statusOf[known.code];
  if (!known || !status) return problem("INTERNAL", 500, "the service failed; its log has the details");
  return problem(known.code, status, known.message, known.remedy);
}

function problem(code: ErrorCode, status: ProblemStatus, detail: string, remedy?: string): Problem {
  return { type: "about:blank", title: errorTable[code], status, detail, code, ...(remedy && { remedy }) };
}

/** What Hono itself throws, for a body that is no JSON. */
function httpError(error: unknown): BulkheadError | undefined {
  if (!(error instanceof HTTPException) || error.status >= 500) return undefined;
  return new BulkheadError("REQUEST_INVALID", error.message || "the request is malformed", { cause: error });
}
