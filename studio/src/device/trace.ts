/** `bulkhead device trace`. */
import { writeFile } from "node:fs/promises";
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { carryOut } from "../api/commands.ts";
import { printResult, withProgress } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { formatLoss } from "./format-telemetry.ts";
import { observe } from "./observe.ts";
import { reachDevice, reachOptions } from "./reach.ts";
import { stitchTrace } from "./stitch-trace.ts";
import { toTraceEvents } from "./trace-events.ts";

const defaultFile = "trace.json";
/** `--json` has all of them. */
const shownLosses = 5;

export const trace = defineCommand({
  meta: {
    name: "trace",
    description:
      "Switch the trace of a component, or of all, on or off, or fetch what was recorded, for https://ui.perfetto.dev.",
  },
  args: {
    ...deviceArgument,
    component: { type: "positional", description: "Component; without it, all.", required: false },
    on: { type: "boolean", description: "Record from now on." },
    off: { type: "boolean", description: "Record no more; what was recorded stays." },
    out: {
      type: "string",
      description: `Without --on and --off: the file to write, ${defaultFile} where none is named.`,
      valueHint: "FILE",
    },
    forwarded: {
      type: "boolean",
      description: "Only what the device has forwarded by itself: it is not asked, and may be asleep.",
    },
    ...reachOptions,
  },
  async run({ args }) {
    const component = componentOf(args.component);
    if ([args.on, args.off, args.out !== undefined || args.forwarded].filter(Boolean).length > 1) {
      throw new BulkheadError("USAGE", "give one of --on, --off and --out");
    }
    // What was forwarded already is at the service: the device is not asked.
    const { client, device, signers, timeoutMs } = await reachDevice(args, !args.forwarded);
    const whose = `${component ?? "all components"} of ${device.name}`;
    const waiting = `Waiting for ${device.name}`;
    if (args.on || args.off) {
      const action = args.on ? "on" : "off";
      await withProgress(waiting, () =>
        carryOut(client, device.id, { kind: "trace", component, action }, timeoutMs, signers),
      );
      printResult(args.json, { component, trace: action }, `The trace of ${whose} is ${action}.`);
      return;
    }
    const now = args.forwarded
      ? { components: {}, omitted: [] }
      : await withProgress(waiting, () =>
          observe(client, device.id, { kind: "trace", component, action: "read" }, timeoutMs, signers),
        );
    const { segments, losses } = await client.traces(device.id, component === null ? {} : { component });
    const { components, missing } = stitchTrace(segments, now.components);
    const file = args.out ?? defaultFile;
    const events = toTraceEvents(components);
    await writeFile(file, JSON.stringify(events));
    const { omitted } = now;
    const short = omitted.length > 0 ? `; no room for ${omitted.join(", ")}` : "";
    const gaps = missing > 0 ? `; ${missing} entries are missing between them` : "";
    const text = `${events.traceEvents.length} events of ${whose} in ${file}${short}${gaps}: open it in https://ui.perfetto.dev`;
    const told = losses.slice(0, shownLosses).map(formatLoss);
    const result = { file, events: events.traceEvents.length, omitted, missing, losses };
    printResult(args.json, result, [text, ...told].join("\n"));
  },
});

function componentOf(name: string | undefined): string | null {
  if (name === undefined) return null;
  if (nameSchema.safeParse(name).success) return name;
  throw new BulkheadError("USAGE", `${name} is not the name of a component`, {
    remedy: "`bulkhead device show` lists them",
  });
}
