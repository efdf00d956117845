/** A component as written. The descriptions are what editors show and what the guide's table is made of. */
import { z } from "zod";
import { nameSchema } from "../names.ts";
import { attachToolSchema, kvmSchema, layerSchema, runnerSchema } from "../system.ts";
import { durationMs, durationUs, percent, sizeBytes } from "./quantities.ts";
import { overlayableWritten } from "./written-overlayable.ts";
import { settings, useWritten } from "./written-use.ts";

const restartWritten = z.strictObject({
  policy: z
    .enum(["permanent", "transient", "temporary"])
    .optional()
    .describe("permanent (default): always restarted. transient: after a crash only. temporary: never."),
  intensity: z.int().min(0).max(1000).optional().describe("Restarts allowed within `period`; one more escalates."),
  period: durationMs.optional().describe("The time over which restarts are counted."),
  backoff: z
    .strictObject({
      initial: durationMs.optional().describe("The wait before the first restart."),
      factor: z.number().min(1).max(10).optional().describe("Each wait is so many times the one before."),
      max: durationMs.optional().describe("The longest wait."),
    })
    .optional()
    .describe("Waits before restarts, so that a component that crashes at once does not busy the device."),
  hold: z.boolean().optional().describe("After a crash it is held until a person starts it again."),
  escalate: z
    .enum(["group", "safe-mode", "previous-generation", "reboot"])
    .optional()
    .describe("The first rung that is taken when the restarts are used up; those above follow. Default: safe-mode."),
});

/** Numbers of processor cores. */
export const coresWritten = z.array(z.int().min(0).max(255)).min(1).max(256);
const cores = coresWritten
  .optional()
  .describe("Numbers of the processor cores that it may run on; exclusive to it where its class is deadline.");

const cpuWritten = z.discriminatedUnion("class", [
  z.strictObject({
    class: z.literal("fair").describe("Shares what is left by weight."),
    weight: z.int().min(1).max(10_000).optional().describe("Its share beside others; 100 is the default."),
    quota: percent.optional().describe("At most so much of one core; above 100% of several."),
    cores,
  }),
  z.strictObject({
    class: z.literal("deadline").describe("Gets `budget` in every `period`, whatever others do."),
    budget: durationUs.describe("Processor time that it gets in each period."),
    period: durationUs.describe("How often it gets its budget."),
    cores,
  }),
]);

const image = z
  .string()
  .regex(
    /^(\.\/[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*|driver:[a-z0-9-]+)$/,
    "an image is a folder beside the manifest (./climate) or a driver (driver:i2c)",
  );

export const componentWritten = z.strictObject({
  image: image.describe("What it runs: a folder beside the manifest (`./climate`) or a driver (`driver:i2c`)."),
  runner: runnerSchema.optional().describe("What executes it. Default: node. The board allows which."),
  environment: z
    .enum(["hosted", "freestanding"])
    .optional()
    .describe("freestanding: nothing but its binary and its channels (runner native). Default: hosted."),
  "trust-group": nameSchema
    .optional()
    .describe("Components of one group share a process (runner worker only) and are not protected from each other."),
  kvm: kvmSchema
    .optional()
    .describe(
      "The guest of runner `vm` runs on the processor itself, by the kernel's KVM; preferred: emulated where there is none. Default: emulated.",
    ),
  provides: z
    .record(nameSchema, nameSchema)
    .optional()
    .describe("Services that others may use: `<service>: <interface>`. A driver's come with its image."),
  uses: z
    .record(nameSchema, useWritten)
    .optional()
    .describe("Channels by its own names for them: `<name>: <component>.<service>`, or with limits."),
  devices: z.array(z.string()).max(64).optional().describe("Devices of the board that a driver has for itself."),
  network: z.array(nameSchema).max(32).optional().describe("Proxies of the management service that it may reach."),
  cpu: cpuWritten.optional().describe("How it is scheduled. Default: class fair, weight 100."),
  memory: sizeBytes.optional().describe("The most memory it can have. Default: 32Mi."),
  processes: z.int().min(1).max(1024).optional().describe("The most processes and threads together. Default: 32."),
  files: z
    .int()
    .min(32)
    .max(65_536)
    .optional()
    .describe("The most files, sockets and pipes that it can have open at once. Default: 256."),
  storage: z
    .strictObject({
      quota: sizeBytes.describe("The most that it can keep there."),
      keep: z.boolean().optional().describe("It outlives updates. Default: false."),
    })
    .optional()
    .describe("A directory of its own at /data. Default: none."),
  restart: restartWritten.optional().describe("What happens when it ends."),
  heartbeat: z
    .strictObject({
      period: durationMs.optional().describe("How often it says that it lives. Default: 1s."),
      missed: z.int().min(1).max(100).optional().describe("So many missing in a row are a hang. Default: 3."),
    })
    .optional()
    .describe("How a hang is noticed."),
  spare: z.boolean().optional().describe("A second process stands by and takes over after a crash; counts as memory."),
  trace: z
    .strictObject({
      ring: sizeBytes.optional().describe("Memory for its last trace entries, of its own. Default: 64Ki."),
      on: z.boolean().optional().describe("Records from the start. Default: false."),
    })
    .optional()
    .describe("What it records of its calls."),
  attach: z
    .array(attachToolSchema)
    .optional()
    .describe(
      "How it may be looked into while it runs: debuggers, and a record of all it hears. The board allows which.",
    ),
  secrets: z.array(nameSchema).max(32).optional().describe("Secrets of the device that it is given, by name."),
  ready: durationMs
    .optional()
    .describe("The longest time from its start until it says that it is ready. Default: 10s."),
  stop: durationMs.optional().describe("Time to end by itself when asked; it is killed after. Default: 2s."),
  requires: z.array(layerSchema).optional().describe("Layers of isolation without which it must not start."),
  config: settings.optional().describe("Settings for its own code; numbers are integers."),
  overlayable: overlayableWritten
    .optional()
    .describe("What the operator of a deployment may set otherwise, by a signed overlay. Default: nothing."),
});
export type ComponentWritten = z.output<typeof componentWritten>;
