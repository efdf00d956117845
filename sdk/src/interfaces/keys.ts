/** The key store: keys are made in it and never leave it, but for the tunnel key, which WireGuard needs. */
import { key32Schema, signatureSchema } from "@bulkhead/protocol";
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
      result: z.strictObject({ signature: signatureSchema }),
      idempotent: true,
    },
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
