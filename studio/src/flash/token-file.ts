/** A token as a file, for a machine that flashes and sees no management service: `bulkhead device token` writes it, a card takes it along. */
import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { BulkheadError, type Enrolment, enrolmentSchema, parseJson } from "@bulkhead/protocol";
import { type Client, encodeEnrolment, type Identity, openEnrolment, type TokenOptions } from "./identity.ts";

/**
 * Makes `file`, for its owner alone: never one that is there already, nor through a link. Where anything fails there is neither a file nor a token.
 * Throws USAGE, CONFLICT, STUDIO_UNREACHABLE.
 */
export async function writeTokenFile(
  client: Pick<Client, "openEnrolment" | "cancelEnrolment">,
  name: string,
  file: string,
  options: TokenOptions = {},
): Promise<Enrolment> {
  // First the file: a token that nobody can keep is not asked for.
  const handle = await open(file, "wx", 0o600).catch((cause: unknown) => {
    throw new BulkheadError("USAGE", `${file} cannot be made`, { cause, remedy: "give a name that is free" });
  });
  let number: number | undefined;
  try {
    const made = await openEnrolment(client, name, options);
    number = made.number;
    await handle.writeFile(encodeEnrolment(made.enrolment));
    await handle.sync();
    return made.enrolment;
  } catch (error) {
    await unlink(file).catch(() => undefined);
    if (number !== undefined) await client.cancelEnrolment(number).catch(() => undefined);
    throw error;
  } finally {
    await handle.close();
  }
}

/** What `bulkhead device token` wrote. Throws ENROLMENT_INVALID; its words hold nothing of the file. */
export async function readTokenFile(file: string, nowMs: number): Promise<Identity> {
  const enrolment = await readPrivate(file);
  if (enrolment.expiresAtMs <= nowMs) throw invalid(file, "its time is over");
  return {
    name: enrolment.invitation.name,
    enrol: () => Promise.resolve(encodeEnrolment(enrolment)),
    withdraw: () => Promise.resolve(),
    // One token, one card: a second one would be refused at its first start.
    done: () => unlink(file).catch(() => undefined),
  };
}

async function readPrivate(file: string): Promise<Enrolment> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => {
    throw invalid(file, "it cannot be opened");
  });
  try {
    const about = await handle.stat();
    if (!about.isFile() || about.size > 256 * 1024) throw invalid(file, "it is no file of a token");
    if ((about.mode & 0o077) !== 0) throw invalid(file, "others than its owner may read it (chmod 600)");
    // No `cause`: it would quote what was read.
    const parsed = enrolmentSchema.safeParse(parseJson(await handle.readFile("utf8")));
    if (!parsed.success) throw invalid(file, "it holds no token that this version knows");
    return parsed.data;
  } finally {
    await handle.close();
  }
}

function invalid(file: string, why: string): BulkheadError {
  return new BulkheadError("ENROLMENT_INVALID", `${file} is of no use: ${why}`, {
    remedy: "bulkhead device token NAME --out FILE makes one",
  });
}
