/** The root server's configuration file: written by whoever starts it, read once. */
import { readFile } from "node:fs/promises";
import { addressSchema, BulkheadError, describeMisfit, maxTimeServers, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";

/** The exit code that asks for a reboot of the board; on board `virtual` the runtime alone starts again (code 75). */
export const exitToReboot = 76;

/** The exit code that asks whoever started the root server to start it again (sysexits.h, EX_TEMPFAIL). */
export const exitToRestart = 75;

const directory = z.string().regex(/^\/[^\0]*[^/\0]$/, "an absolute path without / at its end");

export const rootServerConfigSchema = z.strictObject({
  format: z.literal(1),
  /** Names the control groups: `bulkhead/<instance>/<component>`. */
  instance: nameSchema,
  board: nameSchema,
  dataDir: directory,
  platformDir: directory,
  /** On a tmpfs, reachable for every uid (0711 or more all the way), for sockets below it. */
  runDir: directory.max(40, "at most 40 characters, so that socket paths fit 107 bytes"),
  nodePath: directory,
  /** The first uid for components; null where only one uid can be had. */
  uidBase: z.number().int().min(1).max(2_000_000_000).nullable(),
  /**
   * Whom to ask for the gateway's name, where it is known by one: their addresses, or the file that the board's DHCP client
   * writes (resolv.conf(5)).
   */
  resolvers: z.union([z.array(addressSchema).min(1).max(3), directory]).default("/etc/resolv.conf"),
  /** Whom to ask for the time, by NTP: their addresses. None: nobody is asked, and nothing lets such a question through. */
  timeServers: z.array(addressSchema).max(maxTimeServers).default([]),
  /**
   * How long a new generation may take to have all permanent components ready, and how long they have to stay so; that by default as long as a hang of one
   * of them takes to be noticed (`generations/trial.ts`).
   */
  trial: z
    .strictObject({ windowMs: z.number().int().positive(), steadyMs: z.number().int().nonnegative().optional() })
    .default({ windowMs: 20_000 }),
  /** The waits before each reboot in a row that supervision may ask for, and how long all must be well to begin anew. */
  ladder: z
    .strictObject({
      rebootDelaysMs: z.array(z.number().int().nonnegative()).max(20),
      healthyMs: z.number().int().positive(),
    })
    .default({ rebootDelaysMs: [0, 60_000, 240_000, 900_000, 3_600_000], healthyMs: 600_000 }),
});
export type RootServerConfig = z.infer<typeof rootServerConfigSchema>;

/** Reads `--config FILE`. Throws USAGE, FILE_UNREADABLE or ENVIRONMENT_INVALID. */
export async function readConfig(argv: readonly string[]): Promise<RootServerConfig> {
  const [option, path, ...rest] = argv;
  if (option !== "--config" || path === undefined || rest.length > 0) {
    throw new BulkheadError("USAGE", "the root server takes --config FILE and nothing else");
  }
  return parseFile(path, rootServerConfigSchema);
}

/** Parses a JSON file of the device. Throws FILE_UNREADABLE or ENVIRONMENT_INVALID, naming the file. */
export async function parseFile<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new BulkheadError("FILE_UNREADABLE", `${path} cannot be read`, { cause });
  });
  const parsed = schema.safeParse(toJson(text));
  if (parsed.success) return parsed.data;
  throw new BulkheadError("ENVIRONMENT_INVALID", `${path} is not valid: ${describeMisfit(parsed.error)}`);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
