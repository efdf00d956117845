/**
 * Carries out the steps of a network plan: enters the namespace, drops to CAP_NET_ADMIN, runs the program, believes
 * nothing but its exit code.
 */
import { namespacePath } from "./namespaces.ts";
import type { NetworkNamespace, NetworkStep } from "./plan.ts";
import { runTool } from "./tools.ts";

export type ApplyOptions = {
  /** What `ip`, `nft` and `tee` run as; null where only one uid can be had (a user namespace with a single one). */
  readonly toolsUid: number | null;
};

type Command = { readonly program: string; readonly args: readonly string[]; readonly input: string };

/** Runs the steps in their order. Throws NETWORK_SETUP_FAILED at the first that fails; the rest are not run then. */
export async function applySteps(steps: readonly NetworkStep[], options: ApplyOptions): Promise<void> {
  for (const step of steps) {
    const done = applyStep(step, options);
    await (step.mayFail ? done.catch(() => undefined) : done);
  }
}

async function applyStep(step: NetworkStep, options: ApplyOptions): Promise<void> {
  for (const { program, args, input } of commandsOf(step)) {
    await runWithin(step.namespace, [program, ...args], options, input);
  }
}

/** Runs one program in a namespace with CAP_NET_ADMIN alone, and gives what it said. Throws NETWORK_SETUP_FAILED. */
export function runWithin(
  namespace: NetworkNamespace,
  argv: readonly [string, ...string[]],
  options: ApplyOptions,
  input = "",
): Promise<string> {
  const [first = "", ...rest] = [...enter(namespace), ...dropPrivileges(options), ...argv];
  return runTool(first, rest, `${argv[0]} in the network namespace ${namespace}`, input);
}

function commandsOf(step: NetworkStep): Command[] {
  switch (step.program) {
    case "ip":
      return [{ program: "ip", args: ["-batch", "-"], input: step.input }];
    case "nft":
      // As an argument: for "-f -" nft opens /dev/stdin anew, which a socket (Node's pipe to a child) does not allow.
      return [{ program: "nft", args: [step.input], input: "" }];
    case "sysctl":
      return parseSettings(step.input).map(({ path, value }) => ({ program: "tee", args: [path], input: value }));
  }
}

/** `net.ipv6.conf.all.forwarding=1` → the file below /proc/sys, which shows the network namespace of who opens it. */
export function parseSettings(input: string): { path: string; value: string }[] {
  return input
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [key = "", value = ""] = line.split("=");
      return { path: `/proc/sys/${key.replaceAll(".", "/")}`, value };
    });
}

function enter(namespace: NetworkNamespace): string[] {
  return namespace === "uplink" ? [] : ["nsenter", `--net=${namespacePath(namespace)}`, "--"];
}

function dropPrivileges({ toolsUid }: ApplyOptions): string[] {
  const identity = toolsUid === null ? [] : ["--reuid", `${toolsUid}`, "--regid", `${toolsUid}`, "--clear-groups"];
  const only = "-all,+net_admin";
  const capabilities = [`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`];
  return ["setpriv", ...identity, ...capabilities, "--no-new-privs", "--"];
}
