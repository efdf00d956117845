/** The HTTP application: guards first, then the API, then the page. */
import { BulkheadError, describeMisfit } from "@bulkhead/protocol";
import { serveStatic } from "@hono/node-server/serve-static";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { setCookie } from "hono/cookie";
import type { Kms } from "../kms.ts";
import type { Proxies } from "../proxies/index.ts";
import { guardHost, guardOrigin, guardSession, type Places, securityHeaders } from "./guards.ts";
import { openApiDocument } from "./openapi.ts";
import { answerProblem } from "./problems.ts";
import { serveCommands } from "./routes/commands.ts";
import { serveDevices } from "./routes/devices.ts";
import { serveEnrolments } from "./routes/enrolments.ts";
import { serveEvents } from "./routes/events.ts";
import { serveReleases } from "./routes/releases.ts";
import { serveHealth, serveService } from "./routes/service.ts";
import { type Access, cookieName } from "./session-token.ts";

/** Above the largest metadata that an upload may hold; blobs have a limit of their own. */
const maxBodyBytes = 8 * 1024 * 1024;

export type AppOptions = {
  kms: Kms;
  proxies: Proxies;
  access: Access;
  places: Places;
  insecureBind: boolean;
  makeLoginUrl(): string;
  /** False until the database has the tables of this version. */
  isMigrated(): boolean;
};

export function createApp(options: AppOptions): OpenAPIHono {
  const { kms, access, places } = options;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const words = describeMisfit(result.error);
      throw new BulkheadError("REQUEST_INVALID", `the request is not valid: ${words}`, {
        remedy: "GET /api/v1/openapi.json describes every request",
      });
    },
  });
  app.onError((error, context) => answerProblem(context, error, kms.log));
  app.notFound((context) => {
    const error = new BulkheadError("NOT_FOUND", `there is nothing at ${context.req.path.slice(0, 200)}`);
    return answerProblem(context, error, kms.log);
  });
  app.use(securityHeaders, guardHost(places));
  app.use("/api/*", guardOrigin(places), limitBody(), guardMigrated(options.isMigrated));
  serveHealth(app, kms, options.insecureBind);
  app.get("/api/v1/openapi.json", (context) => context.json(openApiDocument()));
  app.use("/api/*", guardSession(access));
  serveDevices(app, kms);
  serveEnrolments(app, kms);
  serveCommands(app, kms);
  serveReleases(app, kms);
  serveService(app, kms, options.proxies, options.makeLoginUrl);
  serveEvents(app, kms);
  serveLogin(app, access);
  if (kms.config.webDir !== null) servePage(app, kms.config.webDir);
  return app;
}

function limitBody(): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize: maxBodyBytes,
    onError: () => {
      throw new BulkheadError("REQUEST_TOO_LARGE", `a request body has at most ${maxBodyBytes} bytes`);
    },
  });
  return (context, next) => (context.req.path.startsWith("/api/v1/blobs/") ? next() : limit(context, next));
}

function guardMigrated(isMigrated: () => boolean): MiddlewareHandler {
  return async (_context, next) => {
    if (!isMigrated()) {
      throw new BulkheadError("DATABASE_UNAVAILABLE", "the database has not answered since this service started", {
        remedy: "try again in a moment; the launcher's log says why PostgreSQL is away",
      });
    }
    await next();
  };
}

function serveLogin(app: OpenAPIHono, access: Access): void {
  app.get("/login", (context) => {
    const cookie = access.redeemCode(context.req.query("token") ?? "");
    if (cookie === undefined) {
      // A person reads this.
      return context.text("This login link was used already or has expired.\nAsk the launcher for a new one.\n", 401);
    }
    setCookie(context, cookieName, cookie, { httpOnly: true, sameSite: "Strict", path: "/" });
    return context.redirect("/", 303);
  });
}

/** The page's files; every other path is the page itself, which finds its way by the path. */
function servePage(app: OpenAPIHono, webDir: string): void {
  const notApi = (handler: MiddlewareHandler): MiddlewareHandler => {
    return (context, next) => (context.req.path.startsWith("/api/") ? next() : handler(context, next));
  };
  app.get("*", notApi(serveStatic({ root: webDir })));
  app.get("*", notApi(serveStatic({ root: webDir, path: "index.html" })));
}
