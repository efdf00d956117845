/** What every request must pass before a route sees it: host, origin, session. Each is one middleware. */
import { BulkheadError } from "@bulkhead/protocol";
import type { MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { type Access, cookieName } from "./session-token.ts";

export type Places = {
  /** `name:port` of everything that the service answers for. */
  hosts(): ReadonlySet<string>;
};

/** Against DNS rebinding: a foreign page that makes its own name point here still sends that name. */
export function guardHost(places: Places): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header("host") ?? "";
    if (!places.hosts().has(host.toLowerCase())) {
      throw new BulkheadError("HOST_FORBIDDEN", `this service does not answer for the host "${host.slice(0, 100)}"`, {
        remedy: `use http://${[...places.hosts()][0]}`,
      });
    }
    await next();
  };
}

/**
 * A page of another origin must not act here, nor listen. Browsers send Origin with everything that changes state; who
 * uses the cookie without it is no browser that we know.
 */
export function guardOrigin(places: Places): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("origin");
    const site = context.req.header("sec-fetch-site");
    const changes = !["GET", "HEAD", "OPTIONS"].includes(context.req.method);
    const byCookie = context.req.header("authorization") === undefined;
    const foreign = origin !== undefined && !isOwn(origin, places);
    const crossSite = origin === undefined && site !== undefined && site !== "same-origin" && site !== "none";
    if (foreign || crossSite || (changes && byCookie && origin === undefined)) {
      throw new BulkheadError(
        "ORIGIN_FORBIDDEN",
        `a request from ${origin?.slice(0, 100) ?? "an unnamed page"} is refused`,
        {
          remedy: "use the page that this service serves, or the command line with the session token",
        },
      );
    }
    await next();
  };
}

function isOwn(origin: string, places: Places): boolean {
  return origin.startsWith("http://") && places.hosts().has(origin.slice("http://".length).toLowerCase());
}

export function guardSession(access: Access): MiddlewareHandler {
  return async (context, next) => {
    const authorization = context.req.header("authorization");
    const admitted =
      authorization === undefined
        ? access.isCookie(getCookie(context, cookieName) ?? "")
        : authorization.startsWith("Bearer ") && access.isToken(authorization.slice("Bearer ".length));
    if (!admitted) {
      throw new BulkheadError("NOT_AUTHENTICATED", "the request carries no valid session", {
        remedy: "open the login link that the launcher printed, or send the session token as a bearer token",
      });
    }
    await next();
  };
}

/** Everything comes from here; nothing is inline. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  context.header("content-security-policy", contentSecurityPolicy);
  context.header("x-content-type-options", "nosniff");
  context.header("referrer-policy", "no-referrer");
  context.header("cross-origin-opener-policy", "same-origin");
  context.header("cross-origin-resource-policy", "same-origin");
  if (context.req.path.startsWith("/api/")) context.header("cache-control", "no-store");
};
