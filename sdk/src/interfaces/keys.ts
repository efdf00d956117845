/** The key store: keys are made in it and never leave it, but for the tunnel key, which WireGuard needs. */
import {
  key32Schema,
  nameSchema,
  openingKeySchema,
  redemptionSchema,
  secretsGrant,
  signatureSchema,
} from "@bulkhead/protocol";
import { z } from "zod";
import { defineInterface } from "../interface.ts";

/** For the agent: prove who this device is. */
export const deviceIdentityInterface = defineInterface({
  name: "device-identity",
  operations: {
    publicKeys: {
      arguments: z.null(),
      result: z.strictObject({ deviceKey: key32Schema, tunnelKey: key32Schema }),
      idempotent: true,
    },
    /** Signs the transcript of the command channel and nothing else: the store builds the bytes itself. */
    signTranscript: {
      arguments: z.strictObject({
        deviceId: z.string(),
        deviceNonce: key32Schema,
        kmsNonce: key32Schema,
        deviceTunnelKey: key32Schema,
        kmsTunnelKey: key32Schema,
      }),
      /**
       * While the device has an enrolment token that was not redeemed, with what redeems it in this handshake; and with the key that others
       * encrypt to, which is none of the handshake's.
       */
      result: z.strictObject({
        signature: signatureSchema,
        redemption: redemptionSchema.optional(),
        opening: openingKeySchema.optional(),
      }),
      idempotent: true,
    },
    /** The service knows the device now: the token goes. */
    enrolled: { arguments: z.null(), result: z.null(), idempotent: true },
    random: {
      arguments: z.strictObject({ bytes: z.number().int().min(1).max(1024) }),
      result: z.strictObject({ data: z.instanceof(Uint8Array) }),
      idempotent: false,
    },
  },
});

/** For the network server only: the private half of the tunnel key, base64 as `wg` wants it. */
export const tunnelKeyInterface = defineInterface({
  name: "tunnel-key",
  operations: {
    read: { arguments: z.null(), result: z.strictObject({ privateKey: z.string() }), idempotent: true },
  },
});

const bytes = (most: number) =>
  z.instanceof(Uint8Array).refine(({ length }) => length <= most, `at most ${most} bytes`);

/** For the verifier only: the keys of encrypted files, one by one, by the key of the deployment, which does not leave the store. */
export const releaseOpeningInterface = defineInterface({
  name: "release-opening",
  operations: {
    /** Keeps the key of a deployment, which an operator has encrypted for this device: an age file around a `WrappedKey`. */
    admit: {
      arguments: z.strictObject({ deployment: nameSchema, publicKey: key32Schema, wrapped: bytes(2048) }),
      result: z.null(),
      idempotent: true,
    },
    /** The key of the age file that has these X25519 stanzas in its header; null where none is for a key of this device. */
    unwrap: {
      arguments: z.strictObject({
        stanzas: z.array(z.strictObject({ share: z.string().max(43), body: bytes(32) })).max(64),
      }),
      result: z.strictObject({ fileKey: z.instanceof(Uint8Array).nullable() }),
      idempotent: true,
    },
  },
});

/** For components that need keys of their own: all of it is bound to the component's name, and no key leaves the store. */
export const componentKeysInterface = defineInterface({
  name: "component-keys",
  operations: {
    /** The device key that `sign` signs with, and the key that others need for `agree`. */
    publicKeys: {
      arguments: z.null(),
      result: z.strictObject({ deviceKey: key32Schema, agreementKey: key32Schema }),
      idempotent: true,
    },
    /** Ed25519 over `bulkhead component 1 <component>`, a line feed, and `data`. */
    sign: {
      arguments: z.strictObject({
        data: z.instanceof(Uint8Array).refine(({ length }) => length <= 65_536, "at most 64 KiB"),
      }),
      result: z.strictObject({ signature: signatureSchema }),
      idempotent: true,
    },
    /** X25519 with HKDF-SHA256 and the info `bulkhead agreement 1 <component>`: 32 bytes. */
    agree: {
      arguments: z.strictObject({ publicKey: key32Schema }),
      result: z.strictObject({ secret: z.instanceof(Uint8Array) }),
      idempotent: true,
    },
    random: {
      arguments: z.strictObject({ bytes: z.number().int().min(1).max(1024) }),
      result: z.strictObject({ data: z.instanceof(Uint8Array) }),
      idempotent: false,
    },
  },
});

/** A component's secrets: those that its manifest names (`secrets: [mqtt-password]`), which make the channel and its grant. */
export const secretsInterface = defineInterface({
  name: "secrets",
  operations: {
    read: {
      arguments: z.strictObject({ name: nameSchema }),
      result: z.strictObject({ value: z.string() }),
      idempotent: true,
    },
  },
  grant: secretsGrant,
  refuse: ({ names }, _operation, args) => {
    const { name } = args as { name: string };
    return names.includes(name) ? undefined : `the manifest does not give this component the secret ${name}`;
  },
});
