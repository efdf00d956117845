/** What the agent is told at its start, and what it makes of it. Nothing in it is secret. */
import { isIPv6 } from "node:net";
import {
  BulkheadError,
  commandChannelPort,
  describeMisfit,
  provisioningSchema,
  type System,
  systemSchema,
} from "@bulkhead/protocol";
import { z } from "zod";

/** Unknown members are ignored: a newer root server may say more. `address` and `port` default to what was provisioned. */
const configSchema = z.object({
  provisioning: provisioningSchema,
  address: z.union([z.ipv4(), z.ipv6()]).optional(),
  port: z.number().int().min(1).max(65535).optional(),
  sleep: systemSchema.shape.sleep.default(null),
  firstIncarnation: z.number().int().positive().default(1),
  store: systemSchema.shape.store.partial().default({}),
});

/** Who this device is and whom it trusts, as far as the command channel needs it. */
export type Pins = {
  readonly deviceId: string;
  readonly deviceTunnelKey: string;
  readonly kmsTunnelKey: string;
  /** Verifies the KMS's half of the mutual authentication. */
  readonly instanceKey: string;
};

export type AgentConfig = {
  readonly pins: Pins;
  /** `[address]:port` of the KMS in the tunnel, as it stands in a URL. */
  readonly authority: string;
  /** Version of the pinned TUF root: the chain of newer ones starts after it. */
  readonly rootVersion: number;
  /** When it is awake; null: always. */
  readonly sleep: System["sleep"];
  /** The agent of this incarnation is the first of its generation: everything that this changed was started with it. */
  readonly firstIncarnation: number;
  /** Room on disk for what waits for the KMS; 0: none. */
  readonly store: System["store"];
};

/** Parses the configuration; throws ENVIRONMENT_INVALID naming what does not fit. */
export function parseConfig(config: unknown): AgentConfig {
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) {
    throw new BulkheadError("ENVIRONMENT_INVALID", `the agent's configuration: ${describeMisfit(parsed.error)}`);
  }
  const {
    provisioning,
    address = provisioning.kms.address,
    port = commandChannelPort,
    sleep,
    firstIncarnation,
    store,
  } = parsed.data;
  return {
    pins: {
      deviceId: provisioning.deviceId,
      deviceTunnelKey: provisioning.tunnelKey,
      kmsTunnelKey: provisioning.kms.tunnelKey,
      instanceKey: provisioning.kms.instanceKey,
    },
    authority: `${isIPv6(address) ? `[${address}]` : address}:${port}`,
    rootVersion: rootVersionOf(provisioning.tufRoot),
    sleep,
    firstIncarnation,
    store: {
      telemetryBytes: store.telemetryBytes ?? 0,
      logsBytes: store.logsBytes ?? 0,
      traceBytes: store.traceBytes ?? 0,
    },
  };
}

function rootVersionOf(tufRoot: string): number {
  try {
    return z.object({ signed: z.object({ version: z.number().int().positive() }) }).parse(JSON.parse(tufRoot)).signed
      .version;
  } catch (cause) {
    throw new BulkheadError("ENVIRONMENT_INVALID", "the pinned TUF root of the provisioning is not readable", {
      cause,
    });
  }
}
