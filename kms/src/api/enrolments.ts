/** Requests and answers about boards that will enrol themselves. */
import {
  enrolledNameSchema,
  enrolmentLife,
  invitationSchema,
  key32Schema,
  nameSchema,
  timeMsSchema,
  usualDeployment,
} from "@bulkhead/protocol";
import { z } from "@hono/zod-openapi";

export const enrolmentRequestSchema = z
  .strictObject({
    name: enrolledNameSchema,
    /** Public halves; the private ones are on the board's card alone. */
    tunnelKey: key32Schema,
    tokenKey: key32Schema,
    deployment: nameSchema.default(usualDeployment),
    lifeMs: z.number().int().min(enrolmentLife.minMs).max(enrolmentLife.maxMs).default(enrolmentLife.usualMs),
  })
  .openapi("EnrolmentRequest");
export type EnrolmentRequest = z.output<typeof enrolmentRequestSchema>;

export const openEnrolmentSchema = z
  .object({ number: z.number().int(), name: z.string(), createdAtMs: timeMsSchema, expiresAtMs: timeMsSchema })
  .openapi("Enrolment");
export type OpenEnrolment = z.infer<typeof openEnrolmentSchema>;

export const enrolmentAnswerSchema = z
  .object({ enrolment: openEnrolmentSchema, invitation: invitationSchema })
  .openapi("EnrolmentAnswer");
export type EnrolmentAnswer = z.infer<typeof enrolmentAnswerSchema>;

export const enrolmentListSchema = z.object({ enrolments: z.array(openEnrolmentSchema) }).openapi("EnrolmentList");
