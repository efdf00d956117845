/** Names of hosts as they may stand in a configuration: the letters, digits and hyphens of RFC 1123, section 2.1, in lower case. */
import { z } from "zod";

/** RFC 1035, section 3.1, takes 255 bytes with lengths and root: 253 as text. */
const maxNameLength = 253;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A fully qualified name without its last dot. Names in other scripts are written in punycode (`xn--…`), so that what a person
 * reads is what is asked for. The last part is never a number: nothing that looks like an address is taken for a name.
 */
export function isHostName(text: string): boolean {
  const labels = text.split(".");
  const last = labels.at(-1) ?? "";
  return (
    text.length <= maxNameLength && labels.length > 1 && labels.every((part) => label.test(part)) && !/^\d+$/.test(last)
  );
}

export const hostNameSchema = z
  .string()
  .refine(
    isHostName,
    "a host name has two or more parts of a-z, 0-9 and -, at most 63 characters each (others in punycode)",
  );

/** An address of either family. */
export const addressSchema = z.union([z.ipv4(), z.ipv6()]);

/** Where the gateway listens: an address, or a name that has one. */
export const endpointSchema = z.strictObject({
  host: z.union([addressSchema, hostNameSchema]),
  port: z.number().int().min(1).max(65535),
});
