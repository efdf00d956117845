/**
 * What a card is given so that its board can enrol itself: a one-time token and the tunnel's keys, made here in memory, and what the management service
 * answered to their public halves. The device key is not among them: the board makes that one. Two cards never have the same.
 */
import {
  type Enrolment,
  enrolmentFormat,
  generateSigningKey,
  generateX25519Key,
  invitationSchema,
} from "@bulkhead/protocol";
import type { StudioClient } from "../api/client.ts";
import { checkNewName, type Names } from "./new-name.ts";

export type Identity = {
  readonly name: string;
  /** What is asked of it when the card was written and read back: a bad card leaves nothing behind. Throws CONFLICT, STUDIO_UNREACHABLE. */
  enrol(): Promise<Buffer>;
  /** The card did not become one: its token is worth nothing then. */
  withdraw(): Promise<void>;
  /** The card has it. */
  done(): Promise<void>;
};

export type Client = Names & Pick<StudioClient, "openEnrolment" | "cancelEnrolment">;

/** How long the token is good for, and whose overlays the board will take. */
export type TokenOptions = { readonly lifeMs?: number; readonly deployment?: string };

/** For a board that is to be called `name`. What can be refused beforehand is: throws USAGE for what is no name, CONFLICT where it is not free. */
export async function makeIdentity(client: Client, name: string, options: TokenOptions = {}): Promise<Identity> {
  await checkNewName(client, name, "choose another name");
  let number: number | undefined;
  return {
    name,
    async enrol() {
      const made = await openEnrolment(client, name, options);
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
  options: TokenOptions = {},
): Promise<{ readonly number: number; readonly enrolment: Enrolment }> {
  const [token, tunnelKey] = [generateSigningKey(), generateX25519Key()];
  const request = { name, tunnelKey: tunnelKey.publicKey, tokenKey: token.publicKey };
  const answer = await client.openEnrolment({ ...request, ...options });
  const { number, expiresAtMs } = answer.enrolment;
  const invitation = invitationSchema.parse(answer.invitation);
  return { number, enrolment: { format: enrolmentFormat, token, tunnelKey, expiresAtMs, invitation } };
}

export function encodeEnrolment(enrolment: Enrolment): Buffer {
  return Buffer.from(JSON.stringify(enrolment));
}
