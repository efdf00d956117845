/**
 * What a card is given when it is written, so that its board can enrol itself at its first start: a one-time token, the tunnel's keys for the way to
 * the management service, and whom to trust there. The device key is not in it: the board makes that one itself.
 *
 * The token is a signing key of one use. The service has its public half alone, and the board shows by a signature that it has the other, so the
 * token crosses no wire and nobody who reads the service's database can enrol by it.
 */
import { z } from "zod";
import { key32Schema, timeMsSchema } from "./names.ts";
import { provisioningSchema } from "./provisioning.ts";

export const enrolmentFormat = 1;

/** How long a card may lie about before its board starts for the first time. */
export const enrolmentLife = {
  minMs: 60_000,
  usualMs: 24 * 3600_000,
  maxMs: 7 * 24 * 3600_000,
} as const;

const keyPairSchema = z.strictObject({ publicKey: key32Schema, privateKey: key32Schema });

/** What the board is told; what it lacks of a provisioning is the board's own to say. */
export const invitationSchema = provisioningSchema.omit({ deviceId: true, deviceKey: true });
export type Invitation = z.infer<typeof invitationSchema>;

/** As it lies in the partition `identity`. Holds secrets. */
export const enrolmentSchema = z.strictObject({
  format: z.literal(enrolmentFormat),
  token: keyPairSchema,
  tunnelKey: keyPairSchema,
  /** By the service's clock, which alone judges. */
  expiresAtMs: timeMsSchema,
  invitation: invitationSchema,
});
export type Enrolment = z.infer<typeof enrolmentSchema>;
