/** Requests to the KMS: JSON over fetch from the same origin; every failure is a Problem with a code. */

/** RFC 9457 with the KMS's code and the way out. */
export type Problem = { code: string; detail: string; remedy?: string | undefined };

class RequestFailed extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** What went wrong, whoever noticed it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  return { code: "INTERNAL", detail: error instanceof Error ? error.message : String(error) };
}

/** A request without a session fails the same way again; everything else may pass. */
export function isWorthRetrying(error: unknown): boolean {
  return !["NOT_AUTHENTICATED", "NOT_FOUND", "REQUEST_INVALID"].includes(problemOf(error).code);
}

/** GET below /api/v1. */
export function get<T>(path: string): Promise<T> {
  return request<T>(path, {});
}

/** POST of a JSON body below /api/v1. */
export function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await fetch(`/api/v1${path}`, init).catch((cause: unknown) => {
    throw new RequestFailed({ code: "STUDIO_UNREACHABLE", detail: `the server does not answer (${String(cause)})` });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new RequestFailed(problemFrom(response.status, body));
  return body as T;
}

/** The problem that an answer tells, or one about an answer that tells none. */
export function problemFrom(status: number, body: unknown): Problem {
  if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
    const remedy = "remedy" in body ? String(body.remedy) : undefined;
    return { code: String(body.code), detail: String(body.detail), remedy };
  }
  return { code: "INTERNAL", detail: `the server answered ${status} without an explanation` };
}
