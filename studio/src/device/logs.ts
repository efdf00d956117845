/** `bulkhead device logs`. */
import { BulkheadError, nameSchema } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { integerOption } from "../cli/numbers.ts";
import { endWithReader, jsonOption, printResult } from "../cli/output.ts";
import { deviceArgument } from "./device-argument.ts";
import { lookUpDevice } from "./find-device.ts";
import { followLogs, type LogWish } from "./follow.ts";
import { formatLogLine } from "./format.ts";

/** What the management service gives at once. */
const mostLines = 5000;

export const logs = defineCommand({
  meta: { name: "logs", description: "Print what the components of a device wrote (! standard error, * the runtime)." },
  args: {
    ...deviceArgument,
    follow: { type: "boolean", alias: "f", description: "Go on with new lines until Ctrl-C; --json: one line each." },
    component: { type: "string", description: "Only lines of this component.", valueHint: "NAME" },
    limit: { type: "string", description: "How many of the newest lines.", default: "100" },
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const limit = integerOption("limit", args.limit, 1, mostLines);
    const wish = { limit, ...(args.component === undefined ? {} : { component: componentOf(args.component) }) };
    const client = await openStudio(args.name);
    const { id } = await lookUpDevice(client, args.device);
    if (args.follow) return follow(followLogs(client, id, wish), args.json ?? false);
    const { lines, dropped } = await client.logs(id, wish);
    if (lines.length > 0 || args.json) printResult(args.json, { lines, dropped }, lines.map(formatLogLine).join("\n"));
  },
});

async function follow(batches: ReturnType<typeof followLogs>, asJson: boolean): Promise<void> {
  endWithReader();
  for await (const lines of batches) {
    process.stdout.write(lines.map((line) => `${asJson ? JSON.stringify(line) : formatLogLine(line)}\n`).join(""));
  }
}

function componentOf(text: string): NonNullable<LogWish["component"]> {
  if (nameSchema.safeParse(text).success) return text;
  throw new BulkheadError("USAGE", `--component ${text} is not a name`, {
    remedy: "`bulkhead device show` lists the components",
  });
}
