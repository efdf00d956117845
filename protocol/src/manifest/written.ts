/**
 * A manifest as written: every key of the language, strict, with quantities parsed and nothing filled in. What the
 * compiler makes of it (a plan) is another type, in plan.ts. Components are in written-component.ts, channels in written-use.ts.
 */
import { z } from "zod";
import { nameSchema } from "../names.ts";
import { primitiveSchema } from "../primitives.ts";
import { durationMs, sizeBytes } from "./quantities.ts";
import { componentWritten, coresWritten } from "./written-component.ts";

export type { ComponentWritten } from "./written-component.ts";
export type { UseWritten } from "./written-use.ts";

const noFlowWritten = z.strictObject({
  "no-flow": z
    .strictObject({
      from: z.string().describe("A component, channel, device, pin, secret, proxy, or `network`."),
      to: z.string().describe("The same."),
      "except-through": z
        .union([z.string(), z.array(z.string()).min(1)])
        .optional()
        .describe("Who may pass it on."),
    })
    .describe("Information must not be able to get from one to the other."),
});

export const manifestWritten = z.strictObject({
  system: nameSchema.describe("The name of the system."),
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, "a version is three numbers: 1.4.0")
    .describe("Three numbers: 1.4.0."),
  board: nameSchema.describe("What it runs on: a file of manifests/boards/, or of boards/ beside the manifest."),
  console: z
    .strictObject({
      port: z.string().max(32).describe("A device of a serial driver of this manifest: `ttyS0`."),
      speed: z.int().min(50).max(4_000_000).describe("In bits per second: 115200."),
    })
    .optional()
    .describe("Where the console goes out, beside the management service; the board allows it. Default: nowhere."),
  "unsigned-commands": z
    .boolean()
    .optional()
    .describe("Asks for commands without an operator's signature; only a board whose policy allows it grants that."),
  requires: z
    .array(primitiveSchema)
    .max(16)
    .optional()
    .describe("Security primitives that the board must have and use. Default: none."),
  update: z
    .strictObject({
      restart: z
        .enum(["changed", "all"])
        .describe(
          "`changed`: components whose image, permissions, channels and strong providers stay the same go on running over an update; `all`: none does. Default: changed.",
        )
        .optional(),
      window: durationMs
        .optional()
        .describe("How long a new generation may take until it is well. Default: 20s, and longer on slow boards."),
      steady: durationMs
        .optional()
        .describe(
          "How long it has to stay well. Default: as long as a hang of a component takes to be noticed, and a second (4s).",
        ),
      kms: z
        .boolean()
        .optional()
        .describe("`true`: only a generation that has reached the management service is well. Default: false."),
      pinned: z
        .boolean()
        .optional()
        .describe(
          "`true`: once it was in charge, its artifacts stay on the device, until another that says so was; whoever goes back to it fetches none of them. Default: false.",
        ),
    })
    .optional()
    .describe("What an update restarts, what makes it a good one, and what stays on the device."),
  sleep: z
    .strictObject({
      every: durationMs.describe("From one waking to the next."),
      awake: durationMs.describe("How long it stays awake."),
    })
    .optional()
    .describe("A device that sleeps. Default: always awake."),
  store: z
    .strictObject({
      telemetry: sizeBytes.optional().describe("Default: 4Mi."),
      logs: sizeBytes.optional().describe("Default: 1Mi."),
      trace: sizeBytes.optional().describe("Default: 1Mi."),
    })
    .optional()
    .describe("Bounds of what is kept on disk while the management service is out of reach; older goes first."),
  "housekeeping-cores": coresWritten
    .optional()
    .describe(
      "The cores of the runtime and of every component that names none: the others are left to those that do. Default: all.",
    ),
  "shared-secrets": z
    .array(nameSchema)
    .max(32)
    .optional()
    .describe("Secrets that more than one component may have; any other has one holder."),
  components: z.record(nameSchema, componentWritten).describe("The components by name."),
  assert: z.array(noFlowWritten).max(256).optional().describe("What must hold; `check` refuses the manifest else."),
});
export type ManifestWritten = z.output<typeof manifestWritten>;
