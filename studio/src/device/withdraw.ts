/** `bulkhead device withdraw`: a board that has a token and has not come is waited for no more; its name is free. */
import type { OpenEnrolment } from "@bulkhead/kms";
import { BulkheadError } from "@bulkhead/protocol";
import { defineCommand } from "citty";
import { openStudio, serverOption } from "../api/server-option.ts";
import { confirm, yesOption } from "../cli/confirm.ts";
import { jsonOption, printResult } from "../cli/output.ts";
import { printable } from "../cli/printable.ts";

export const withdraw = defineCommand({
  meta: {
    name: "withdraw",
    description: "Make the token of a board that has not come yet worth nothing, and its name free.",
  },
  args: {
    device: { type: "positional", description: "Name that the board was to have.", required: true },
    ...yesOption,
    ...serverOption,
    ...jsonOption,
  },
  async run({ args }) {
    const client = await openStudio(args.name);
    const { number, name } = findAwaited(await client.enrolments(), args.device);
    const question = `Withdraw the token of ${name}? The card that has it cannot enrol its board any more.`;
    if (!args.yes && !(await confirm(question))) return false;
    await client.cancelEnrolment(number);
    printResult(args.json, { withdrawn: name }, `${name} is waited for no more; the name is free.`);
    return true;
  },
});

/** By its whole name. Throws NOT_FOUND. */
export function findAwaited(
  enrolments: readonly OpenEnrolment[],
  wanted: string,
): Pick<OpenEnrolment, "number" | "name"> {
  const found = enrolments.find(({ name }) => name === wanted);
  if (found) return { number: found.number, name: printable(found.name) };
  const names = enrolments.slice(0, 20).map(({ name }) => printable(name));
  throw new BulkheadError("NOT_FOUND", `no board named ${printable(wanted)} is waited for`, {
    remedy: names.length > 0 ? `those that are: ${names.join(", ")}` : "it has come, or its token's time is over",
  });
}
