/** The OpenAPI 3.1 description of the API, made from the same schemas that check the requests. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { commandRoutes } from "./routes/commands.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { enrolmentRoutes } from "./routes/enrolments.ts";
import { eventsRoute } from "./routes/events.ts";
import { releaseRoutes } from "./routes/releases.ts";
import { healthRoute, serviceRoutes } from "./routes/service.ts";

/** Every route of the API but the one that serves this description. */
export const apiRoutes = [
  ...Object.values(deviceRoutes),
  ...Object.values(enrolmentRoutes),
  ...Object.values(commandRoutes),
  ...Object.values(releaseRoutes),
  ...Object.values(serviceRoutes),
  healthRoute,
  eventsRoute,
];

export function openApiDocument(): ReturnType<OpenAPIHono["getOpenAPI31Document"]> {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  registry.registerComponent("securitySchemes", "cookie", { type: "apiKey", in: "cookie", name: "bulkhead-session" });
  for (const route of apiRoutes) registry.registerPath(route);
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Bulkhead KMS", version: "1", description: "Management service of a fleet of devices." },
    security: [{ token: [] }, { cookie: [] }],
  });
}
