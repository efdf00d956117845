/** What a device is told once, when it is enrolled: whom to trust and where to find it. Contains no secret. */
import { z } from "zod";
import { deviceIdSchema } from "./command-channel.ts";
import { endpointSchema } from "./host-name.ts";
import { key32Schema, nameSchema } from "./names.ts";

export const provisioningFormat = 1;

/** Of a device that was put into no other. */
export const usualDeployment = "default";

export const provisioningSchema = z.strictObject({
  format: z.literal(provisioningFormat),
  deviceId: deviceIdSchema,
  name: z.string().min(1).max(64),
  /** Public halves of what the device's key store made. */
  deviceKey: key32Schema,
  tunnelKey: key32Schema,
  kms: z.strictObject({
    instanceKey: key32Schema,
    tunnelKey: key32Schema,
    /** Where the gateway listens for WireGuard, as the device's uplink sees it: an address, or a name that the device asks for. */
    endpoint: endpointSchema,
    /** The KMS's own address in the tunnel. */
    address: z.ipv6(),
    /** Port of each proxy on that address. */
    proxies: z.record(z.string(), z.number().int().min(1).max(65535)),
  }),
  /** A /112: the last 16 bits number the device's own parts (1 is the router). */
  addressPrefix: z.ipv6(),
  /** The TUF root of the project, version 1 or later, as signed. */
  tufRoot: z.string().max(64 * 1024),
  /** Whose overlays it takes. Absent: `usualDeployment`; what was provisioned before there were deployments has none. */
  deployment: nameSchema.optional(),
});
export type Provisioning = z.infer<typeof provisioningSchema>;
