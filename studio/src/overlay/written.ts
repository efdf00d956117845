/** An overlay as its operator writes it (YAML), and the document that is made of it for a release. */
import { readFile } from "node:fs/promises";
import {
  BulkheadError,
  deviceIdSchema,
  nameSchema,
  type Overlay,
  overlayValueSchema,
  placeSchema,
} from "@bulkhead/protocol";
import { parseSizeBytes, parseWritten, readSource } from "@bulkhead/protocol/manifest";
import { z } from "zod";
import { ManifestError } from "../build/manifest-error.ts";

const isMemory = (place: string): boolean => /^[^.]+\.memory$/.test(place);

/** Values by their places; memory as people write it. */
const valuesWritten = z.record(placeSchema, overlayValueSchema).transform((values, context) =>
  Object.fromEntries(
    Object.entries(values).map(([place, value]) => {
      const bytes = isMemory(place) ? parseSizeBytes(String(value)) : value;
      if (bytes !== undefined) return [place, bytes];
      const message = `\`${value}\` is no size; write a number and its unit (Ki, Mi, Gi): 48Mi`;
      context.issues.push({ code: "custom", message, path: [place], input: value });
      return [place, 0];
    }),
  ),
);

const overlayWritten = z.strictObject({
  overlay: nameSchema,
  deployment: nameSchema,
  devices: z.array(deviceIdSchema).min(1).max(1024).optional(),
  expires: z.iso.date("a day is written as 2027-03-01"),
  values: valuesWritten,
});

/** All that the file says; its counter it gets when it is signed. Throws FILE_UNREADABLE, MANIFEST_… with file and line. */
export async function readOverlay(file: string, base: string): Promise<Omit<Overlay, "overlayCounter">> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `${file} cannot be read`, { cause, remedy: "give the overlay's file" });
  });
  const parsed = parseWritten(overlayWritten, readSource(text, file));
  if ("errors" in parsed) throw new ManifestError(parsed.errors);
  const { overlay, deployment, devices = null, expires, values } = parsed.value;
  // The whole of that day counts.
  const expiresMs = Date.parse(`${expires}T23:59:59Z`);
  return { format: 1, overlay, deployment, base, devices, expiresMs, values };
}
