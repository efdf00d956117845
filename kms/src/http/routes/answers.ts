/** Shapes that the descriptions of all routes share. */

import { deviceIdSchema } from "@bulkhead/protocol";
import { z } from "@hono/zod-openapi";
import { problemSchema } from "../../api/index.ts";

/** The answers of a route: one good one, and the problem for everything else. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return {
    200: { description, content: { "application/json": { schema } } },
    default: {
      description: "What went wrong, with a code of the error table",
      content: { "application/problem+json": { schema: problemSchema } },
    },
  } as const;
}

export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { "application/json": { schema } } } } as const;
}

export const deviceParams = z.object({
  id: deviceIdSchema,
});
