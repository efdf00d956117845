/** The gateway's configuration file, as a launcher writes it. */
import { readFile } from "node:fs/promises";
import { BulkheadError, describeMisfit, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { parseAddress } from "./address.ts";

const port = z.number().int().min(1).max(65535);
const path = z.string().startsWith("/").max(4096);
/** sun_path holds 108 bytes with its end (unix(7)). */
const socketPath = path.max(107);

const relaySchema = z.strictObject({
  name: nameSchema,
  /** On the KMS's tunnel address. The command channel's is a constant of the protocol (7001). */
  port,
  /** The Unix socket that its connections are handed to. */
  socket: socketPath,
});
export type RelayConfig = z.infer<typeof relaySchema>;

export const gatewayConfigSchema = z
  .strictObject({
    format: z.literal(1),
    /** Keeps the peers, so that the tunnel comes back without the KMS. */
    stateFile: path,
    controlSocket: socketPath,
    /** Who may use the control socket: the KMS's uid where it has one of its own. */
    controlUid: z.number().int().nonnegative().nullable().default(null),
    /** UDP. */
    listenPort: port,
    /** The KMS's tunnel address with its prefix: `fdxx:xxxx:xxxx::1/48`. */
    address: z.string().refine((text) => parseTunnelAddress(text) !== undefined, "is not fd…::1/48"),
    interface: z.string().regex(/^[a-z][a-z0-9-]{0,14}$/, "an interface name is a-z, 0-9 and -, at most 15 characters"),
    /** base64 and a newline, as `wg genkey` writes it. */
    privateKeyFile: path,
    relays: z.array(relaySchema).max(64),
    mtu: z.number().int().min(1280).max(9000),
    backend: z.enum(["userspace", "kernel"]).default("userspace"),
  })
  .refine(({ relays }) => new Set(relays.map((relay) => relay.port)).size === relays.length, "two relays share a port");
export type GatewayConfig = z.infer<typeof gatewayConfigSchema>;

/** `fd…::1/48` → its address and prefix length, or undefined. */
export function parseTunnelAddress(text: string): { address: string; bits: bigint; length: number } | undefined {
  const [address = "", length] = text.split("/");
  const bits = parseAddress(address);
  return bits !== undefined && length === "48" ? { address, bits, length: 48 } : undefined;
}

/** Reads and validates. Errors: FILE_UNREADABLE, ENVIRONMENT_INVALID. */
export async function readGatewayConfig(file: string): Promise<GatewayConfig> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `the configuration ${file} cannot be read`, { cause });
  });
  try {
    return gatewayConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    const words = cause instanceof z.ZodError ? describeMisfit(cause) : String(cause);
    throw new BulkheadError("ENVIRONMENT_INVALID", `the configuration ${file} is not valid: ${words}`, { cause });
  }
}
