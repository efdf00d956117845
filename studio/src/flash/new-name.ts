/** Whether a new board can have a name, asked before anything is written: a name is a device's, or that of a board that has a token and has not come yet. */
import { BulkheadError, enrolledNameSchema } from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { printable } from "../cli/printable.ts";

export type Names = Pick<StudioClient, "devices" | "enrolments">;

/** `another`: how another name is given. Throws USAGE for what is no name of a device, CONFLICT where the name is not free, STUDIO_UNREACHABLE. */
export async function checkNewName(client: Names, name: string, another: string): Promise<void> {
  const parsed = enrolledNameSchema.safeParse(name);
  if (!parsed.success) {
    const rule = parsed.error.issues.map(({ message }) => message).join("; ");
    throw new BulkheadError("USAGE", `no device can be called ${printable(name)}: ${rule}`, { remedy: another });
  }
  if ((await client.devices()).some((device) => device.name === name)) {
    throw new BulkheadError(
      "CONFLICT",
      `a device named ${name} is enrolled already, and a board that is written anew is another one`,
      { remedy: another },
    );
  }
  const open = (await client.enrolments()).find((enrolment) => enrolment.name === name);
  if (open === undefined) return;
  throw new BulkheadError(
    "CONFLICT",
    `a board named ${name} has a token and has not come yet: it is waited for until ${new Date(open.expiresAtMs).toISOString()}`,
    { remedy: `${withdrawal(name)} makes that token worth nothing; or ${another}` },
  );
}

/** The command that frees the name of a board that has not come. */
export const withdrawal = (name: string): string => `bulkhead device withdraw "${name}"`;
