/**
 * What a card is given so that its board can enrol itself: a one-time token and the tunnel's keys, made here in memory, and what the management service
 * answered to their public halves. The device key is not among them: the board makes that one. Two cards never have the same.
 */
import { constants } from "node:fs";
import { open, unlink } from "node:fs/promises";
import {
  BulkheadError,
  type Enrolment,
  enrolmentFormat,
  enrolmentSchema,
  generateSigningKey,
  generateTunnelKey,
  invitationSchema,
} from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";

export type Identity = {
  readonly name: string;
  /** What is asked of it when the card was written and read back: a bad card leaves nothing behind. Throws CONFLICT, STUDIO_UNREACHABLE. */
  enrol(): Promise<Buffer>;
  /** The card did not become one: its token is worth nothing then. */
  withdraw(): Promise<void>;
  /** The card has it. */
  done(): Promise<void>;
};

type Client = Pick<StudioClient, "devices" | "openEnrolment" | "cancelEnrolment">;

/** For a board that is to be called `name`. What can be refused beforehand is: throws CONFLICT where the name is taken. */
export async function makeIdentity(client: Client, name: string, lifeMs?: number): Promise<Identity> {
  const isTaken = (await client.devices()).some((device) => device.name === name);
  if (isTaken)
    throw new BulkheadError("CONFLICT", `a device named ${name} is enrolled already`, {
      remedy: "choose another name",
    });
  let number: number | undefined;
  return {
    name,
    async enrol() {
      const made = await openEnrolment(client, name, lifeMs);
      number = made.number;
      return encodeEnrolment(made.enrolment);
    },
    async withdraw() {
      // What is left of it ends by itself.
      if (number !== undefined) await client.cancelEnrolment(number).catch(() => undefined);
    },
    done: () => Promise.resolve(),
  };
}

/** A new token, known to the service. Throws CONFLICT, STUDIO_UNREACHABLE. */
export async function openEnrolment(
  client: Pick<Client, "openEnrolment">,
  name: string,
  lifeMs?: number,
): Promise<{ readonly number: number; readonly enrolment: Enrolment }> {
  const [token, tunnelKey] = [generateSigningKey(), generateTunnelKey()];
  const request = { name, tunnelKey: tunnelKey.publicKey, tokenKey: token.publicKey };
  const answer = await client.openEnrolment({ ...request, ...(lifeMs !== undefined && { lifeMs }) });
  const { number, expiresAtMs } = answer.enrolment;
  const invitation = invitationSchema.parse(answer.invitation);
  return { number, enrolment: { format: enrolmentFormat, token, tunnelKey, expiresAtMs, invitation } };
}

export function encodeEnrolment(enrolment: Enrolment): Buffer {
  return Buffer.from(JSON.stringify(enrolment));
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(file: string, why: string): BulkheadError {
  return new BulkheadError("ENROLMENT_INVALID", `${file} is of no use: ${why}`, {
    remedy: "bulkhead device token NAME --out FILE makes one",
  });
}
