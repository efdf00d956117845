/** The service about itself: health, identity, proxies, telemetry, login links. */
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "drizzle-orm";
import {
  healthSchema,
  instanceSchema,
  loginLinkSchema,
  proxyListSchema,
  telemetryAnswerSchema,
} from "../../api/index.ts";
import { identityOf } from "../../instance/index.ts";
import type { Kms } from "../../kms.ts";
import type { Proxies } from "../../proxies/index.ts";
import { answers } from "./answers.ts";

export const healthRoute = createRoute({
  method: "get",
  path: "/api/v1/health",
  operationId: "getHealth",
  tags: ["service"],
  security: [],
  summary: "Whether the service works; 503 DATABASE_UNAVAILABLE while the database is away",
  responses: answers(healthSchema, "It works"),
});

export const serviceRoutes = {
  instance: createRoute({
    method: "get",
    path: "/api/v1/instance",
    operationId: "getInstance",
    tags: ["service"],
    summary: "Public keys of this KMS: a project's root must name its snapshot and timestamp keys",
    responses: answers(instanceSchema, "The identity"),
  }),
  proxies: createRoute({
    method: "get",
    path: "/api/v1/proxies",
    operationId: "listProxies",
    tags: ["service"],
    summary: "The services that devices reach through the tunnel",
    responses: answers(proxyListSchema, "The proxies"),
  }),
  telemetry: createRoute({
    method: "get",
    path: "/api/v1/telemetry",
    operationId: "getTelemetry",
    tags: ["service"],
    summary: "The last messages of each topic that passed the embedded broker",
    responses: answers(telemetryAnswerSchema, "Topics, the most recently used last"),
  }),
  loginLink: createRoute({
    method: "post",
    path: "/api/v1/login-links",
    operationId: "makeLoginLink",
    tags: ["service"],
    summary: "A link that logs one browser in, once, within a day",
    responses: answers(loginLinkSchema, "The link"),
  }),
};

export function serveHealth(app: OpenAPIHono, kms: Kms, insecureBind: boolean): void {
  app.openapi(healthRoute, async (context) => {
    await kms.database.execute(sql`select 1`);
    const gateway = kms.tunnels.gatewayIsUp() ? ("up" as const) : ("down" as const);
    const { uploads } = kms.config;
    return context.json(
      { status: "ok" as const, database: "up" as const, gateway, insecureBind, uploads, timeMs: Date.now() },
      200,
    );
  });
}

export function serveService(app: OpenAPIHono, kms: Kms, proxies: Proxies, makeLoginUrl: () => string): void {
  app.openapi(serviceRoutes.instance, (context) => context.json(identityOf(kms.instance), 200));
  app.openapi(serviceRoutes.proxies, (context) => context.json({ proxies: proxies.list() }, 200));
  app.openapi(serviceRoutes.telemetry, (context) => context.json({ topics: kms.broker.telemetry.topics() }, 200));
  app.openapi(serviceRoutes.loginLink, (context) => context.json({ url: makeLoginUrl() }, 200));
}
