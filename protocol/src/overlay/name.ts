/** What a device is asked to put on a release: an overlay by its name among the targets, and its digest. */
import { z } from "zod";
import { digestSchema } from "../names.ts";

export const overlayNameSchema = z.strictObject({
  /** As `overlayTargetName` makes it. */
  target: z
    .string()
    .max(128)
    .regex(/^overlays\/[a-z][a-z0-9-]{0,31}\/[a-z][a-z0-9-]{0,31}-[1-9]\d{0,14}\.json$/, "no target of an overlay"),
  digest: digestSchema,
});
export type OverlayName = z.infer<typeof overlayNameSchema>;

/** The parts of a target's name: the deployment, and the file within it. */
export function partsOfTarget(target: string): { deployment: string; file: string } {
  const [, deployment = "", file = ""] = target.split("/");
  return { deployment, file };
}
