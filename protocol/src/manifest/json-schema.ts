/** The JSON Schemas that editors check manifests and board files with: made from the same schemas as the compiler's. */
import { z } from "zod";
import { boardWritten } from "./board.ts";
import { manifestWritten } from "./written.ts";

type JsonSchema = Record<string, unknown>;

/** JSON Schema (draft 2020-12) of a manifest. It knows keys and values; what the rules of the analysis say only `check` knows. */
export function manifestJsonSchema(): JsonSchema {
  return titled("Bulkhead manifest", manifestWritten);
}

/** JSON Schema (draft 2020-12) of a board file. */
export function boardJsonSchema(): JsonSchema {
  return titled("Bulkhead board", boardWritten);
}

function titled(title: string, schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input", override: ({ jsonSchema }) => plain(jsonSchema) });
  return { $schema, title, ...rest };
}

// zod writes the bounds of a safe integer where no others are: they would only be noise in an editor's hint.
function plain(schema: JsonSchema): void {
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
}
