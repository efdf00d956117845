/** /api/v1/enrolments: boards that are waited for. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import {
  enrolmentAnswerSchema,
  enrolmentListSchema,
  enrolmentRequestSchema,
  type OpenEnrolment,
} from "../../api/index.ts";
import { invitationOf } from "../../devices/index.ts";
import { cancelEnrolment, type EnrolmentRow, listEnrolments, openEnrolment } from "../../enrolments/index.ts";
import type { Kms } from "../../kms.ts";
import { projectRoot } from "../../releases/index.ts";
import { answers, jsonBody } from "./answers.ts";

const path = "/api/v1/enrolments";
const numberParams = z.object({
  number: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});

export const enrolmentRoutes = {
  list: createRoute({
    ...{ method: "get", path, operationId: "listEnrolments", tags: ["enrolments"] },
    summary: "Boards that have a token and have not come yet",
    responses: answers(enrolmentListSchema, "The boards that are waited for"),
  }),
  open: createRoute({
    ...{ method: "post", path, operationId: "openEnrolment", tags: ["enrolments"] },
    summary: "Let a board enrol itself, once and for a while, by the other half of a token",
    request: jsonBody(enrolmentRequestSchema),
    responses: answers(enrolmentAnswerSchema, "What the board must be told"),
  }),
  cancel: createRoute({
    ...{ method: "delete", path: `${path}/{number}`, operationId: "cancelEnrolment", tags: ["enrolments"] },
    request: { params: numberParams },
    summary: "Wait for a board no more: its token is worth nothing from now on",
    responses: answers(z.object({ cancelled: z.number().int() }), "The board's number"),
  }),
};

export function serveEnrolments(app: OpenAPIHono, kms: Kms): void {
  const { database, scope } = kms;
  app.openapi(enrolmentRoutes.list, async (context) => {
    const rows = await listEnrolments(database, scope, Date.now());
    return context.json({ enrolments: rows.map(describe) }, 200);
  });
  app.openapi(enrolmentRoutes.open, async (context) => {
    // Before anything is stored: without a root the device could trust no release.
    const tufRoot = await projectRoot(database, scope);
    const request = context.req.valid("json");
    const row = await openEnrolment(database, scope, request, kms.instance.tunnelKey, Date.now());
    kms.tunnels.push();
    return context.json(
      { enrolment: describe(row), invitation: invitationOf(row, kms.instance, kms.config, tufRoot) },
      200,
    );
  });
  app.openapi(enrolmentRoutes.cancel, async (context) => {
    const { number } = context.req.valid("param");
    await cancelEnrolment(database, scope, number);
    kms.tunnels.push();
    return context.json({ cancelled: number }, 200);
  });
}

function describe({ number, name, createdAtMs, expiresAtMs }: EnrolmentRow): OpenEnrolment {
  return { number, name, createdAtMs, expiresAtMs };
}
