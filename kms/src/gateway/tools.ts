/** How the gateway runs `ip`, `nft` and `wg`: fixed search path, no shell, bounded time, their words in the error. */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";

/** `wg` with 60,000 peers takes 6 s. */
const toolTimeoutMs = 30_000;
export const toolEnvironment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/**
 * Runs `program` to its end and gives its standard output. Throws NETWORK_SETUP_FAILED with the program's words and no
 * cause: the cause would carry its output, and `wg` prints keys.
 */
export async function runTool(program: string, args: readonly string[], input = ""): Promise<string> {
  const options = { input, env: toolEnvironment, extendEnv: false, timeout: toolTimeoutMs, reject: false } as const;
  const result = await execa(program, args, options);
  if (!result.failed) return result.stdout;
  const words = result.stderr.trim().slice(0, 1000) || result.code || `exit code ${result.exitCode}`;
  throw new BulkheadError("NETWORK_SETUP_FAILED", `${program} at the gateway: ${words}`, {
    remedy: "See that iproute2, nftables, wireguard-tools and wireguard-go are installed and the kernel offers tun.",
  });
}
