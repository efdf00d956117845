/** How this folder runs a system program: fixed search path, no shell, bounded time, its own words in the error. */
import { BulkheadError } from "@bulkhead/protocol";
import { execa } from "execa";

/** Longer than any of these programs takes on a slow board that has much to do; one that hangs must not hang the start of a device. */
const toolTimeoutMs = 60_000;
/** The caller's environment is not handed on. */
const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

const packages: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
  setpriv: "util-linux",
  wg: "wireguard-tools",
  "wireguard-go": "wireguard-go",
};

/**
 * Runs `program` to its end and gives its standard output. `task` says in the error what it was for. Throws
 * NETWORK_SETUP_FAILED with the program's words and no cause: the cause would carry its output, and `wg` prints keys.
 */
export async function runTool(program: string, args: readonly string[], task: string, input = ""): Promise<string> {
  const result = await execa(program, args, {
    input,
    env: environment,
    extendEnv: false,
    timeout: toolTimeoutMs,
    reject: false,
  });
  if (!result.failed) return result.stdout;
  throw toolFailed(program, task, missingProgram(result.code, program) ?? lastWords(result));
}

/** The error of a tool that did not do its task. */
export function toolFailed(program: string, task: string, words: string): BulkheadError {
  const name = packages[program];
  return new BulkheadError("NETWORK_SETUP_FAILED", `${task}: ${words}`, {
    remedy: name
      ? `See that the Debian package ${name} is installed and that the kernel offers veth, nf_tables and tun.`
      : "See that the kernel offers veth, nf_tables and tun.",
  });
}

function missingProgram(code: string | undefined, program: string): string | undefined {
  return code === "ENOENT" ? `the program ${program} is not installed` : undefined;
}

function lastWords(result: { stderr: string; timedOut: boolean; exitCode?: number; signal?: string }): string {
  if (result.timedOut) return `no answer within ${toolTimeoutMs} ms`;
  const words = result.stderr.trim().slice(0, 1000);
  return words || `ended with ${result.signal ?? `exit code ${result.exitCode}`} and said nothing`;
}
