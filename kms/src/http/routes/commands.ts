/** /api/v1/devices/:id/commands: ask a device to do something, see what became of it. */
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { commandAnswerSchema, commandListSchema, commandRequestSchema } from "../../api/index.ts";
import { issueCommand } from "../../commands/delivery.ts";
import { listCommands } from "../../commands/index.ts";
import { getDevice } from "../../devices/index.ts";
import type { Kms } from "../../kms.ts";
import { answers, deviceParams, jsonBody } from "./answers.ts";

export const commandRoutes = {
  list: createRoute({
    method: "get",
    path: "/api/v1/devices/{id}/commands",
    operationId: "listCommands",
    tags: ["commands"],
    summary: "The newest commands and their outcome, newest first",
    request: { params: deviceParams },
    responses: answers(commandListSchema, "The commands"),
  }),
  issue: createRoute({
    method: "post",
    path: "/api/v1/devices/{id}/commands",
    operationId: "issueCommand",
    tags: ["commands"],
    summary: "Store a command; it is delivered now, or when the device connects before the deadline",
    request: { params: deviceParams, ...jsonBody(commandRequestSchema) },
    responses: answers(commandAnswerSchema, "The command as stored"),
  }),
};

export function serveCommands(app: OpenAPIHono, kms: Kms): void {
  app.openapi(commandRoutes.list, async (context) => {
    const device = await getDevice(kms.database, kms.scope, context.req.valid("param").id);
    return context.json({ commands: await listCommands(kms.database, kms.scope, device.id) }, 200);
  });
  app.openapi(commandRoutes.issue, async (context) => {
    const command = await issueCommand(kms, context.req.valid("param").id, context.req.valid("json"));
    return context.json({ command }, 200);
  });
}
