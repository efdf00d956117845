/** The board's policy is the second allow-list: a manifest cannot grant itself what the owner of the board did not allow. */
import type { ErrorReport } from "../../errors.ts";
import { coreImages } from "../../images.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";
import type { Path } from "../source.ts";
import { suggest } from "../suggest.ts";
import type { ComponentWritten } from "../written.ts";

export const boardPolicyRule: Rule = (analysis) => [
  ...checkCommands(analysis),
  ...checkSleep(analysis),
  ...Object.entries(analysis.written.components).flatMap(([name, component]) => [
    ...checkImage(analysis, name, component),
    ...checkRunner(analysis, name, component),
    ...checkKvm(analysis, name, component),
    ...checkNetwork(analysis, name, component),
    ...checkCpuClass(analysis, name, component),
    ...checkCoreServices(analysis, name, component),
    ...checkLists(analysis, name, component),
    ...checkRestart(analysis, name, component),
  ]),
];

function checkCommands({ written, source, board }: Analysis): ErrorReport[] {
  if (written["unsigned-commands"] !== true || board.policy["unsigned-commands"]) return [];
  const message = `the policy of board \`${board.board}\` does not allow commands without an operator's signature`;
  const remedy = "remove `unsigned-commands`, or use a development board";
  return [atValue(source, { code: "MANIFEST_POLICY_FORBIDS", path: ["unsigned-commands"], message, remedy })];
}

function checkSleep(analysis: Analysis): ErrorReport[] {
  if (analysis.written.sleep === undefined || analysis.board.policy.sleep) return [];
  return [forbidden(analysis, ["sleep"], "a device that sleeps", [], atKey)];
}

function checkImage(analysis: Analysis, name: string, { image }: ComponentWritten): ErrorReport[] {
  const kind = driverClassOf(image) === undefined ? "applications" : image;
  if (analysis.board.policy.images.includes(kind)) return [];
  return [forbidden(analysis, ["components", name, "image"], `the image \`${image}\``, analysis.board.policy.images)];
}

function checkRunner(analysis: Analysis, name: string, { runner }: ComponentWritten): ErrorReport[] {
  const allowed: readonly string[] = analysis.board.policy.runners;
  if (runner === undefined || allowed.includes(runner)) return [];
  return [forbidden(analysis, ["components", name, "runner"], `the runner \`${runner}\``, allowed)];
}

function checkKvm(analysis: Analysis, name: string, { kvm }: ComponentWritten): ErrorReport[] {
  if (kvm === undefined || analysis.board.policy.kvm) return [];
  return [forbidden(analysis, ["components", name, "kvm"], "KVM", [], atKey)];
}

function checkNetwork(analysis: Analysis, name: string, { network = [] }: ComponentWritten): ErrorReport[] {
  const allowed = analysis.board.policy.network;
  return network.flatMap((proxy, index) => {
    const path = ["components", name, "network", index];
    return allowed.includes(proxy) ? [] : [forbidden(analysis, path, `network \`${proxy}\``, allowed)];
  });
}

function checkCpuClass(analysis: Analysis, name: string, { cpu }: ComponentWritten): ErrorReport[] {
  const allowed = analysis.board.policy["cpu-classes"];
  if (cpu === undefined || allowed.includes(cpu.class)) return [];
  return [forbidden(analysis, ["components", name, "cpu", "class"], `the CPU class \`${cpu.class}\``, allowed)];
}

function checkCoreServices(analysis: Analysis, name: string, { uses = {} }: ComponentWritten): ErrorReport[] {
  const allowed: readonly string[] = analysis.board.policy["core-services"];
  return Object.entries(uses).flatMap(([channel, use]) => {
    const from = typeof use === "string" ? use : use.from;
    if (!Object.hasOwn(coreImages, from.split(".")[0] ?? "") || allowed.includes(from)) return [];
    const path = ["components", name, "uses", channel, ...(typeof use === "string" ? [] : ["from"])];
    return [forbidden(analysis, path, `the core service \`${from}\``, allowed)];
  });
}

function checkLists(analysis: Analysis, name: string, { attach = [], secrets = [] }: ComponentWritten): ErrorReport[] {
  const { policy } = analysis.board;
  const check = (key: string, wanted: readonly string[], what: string, allowed: readonly string[]): ErrorReport[] =>
    wanted.flatMap((each, index) => {
      const path = ["components", name, key, index];
      return allowed.includes(each) ? [] : [forbidden(analysis, path, `${what} \`${each}\``, allowed)];
    });
  return [
    ...check("attach", attach, "attaching", policy.attach),
    ...check("secrets", secrets, "the secret", policy.secrets),
  ];
}

function checkRestart(analysis: Analysis, name: string, { restart }: ComponentWritten): ErrorReport[] {
  const { hold, escalations } = analysis.board.policy;
  const path = ["components", name, "restart"];
  const { escalate } = restart ?? {};
  // The two lowest rungs are every component's own; those above end what others do.
  const allowed: readonly string[] = ["group", "safe-mode", ...escalations];
  return [
    ...(restart?.hold === true && !hold
      ? [forbidden(analysis, [...path, "hold"], "a component that is held after a crash", [])]
      : []),
    ...(escalate !== undefined && !allowed.includes(escalate)
      ? [forbidden(analysis, [...path, "escalate"], `\`escalate: ${escalate}\``, allowed)]
      : []),
  ];
}

function forbidden(
  { source, board }: Analysis,
  path: Path,
  what: string,
  allowed: readonly string[],
  at: typeof atValue = atValue,
): ErrorReport {
  const message = `the policy of board \`${board.board}\` does not allow ${what}`;
  const remedy = suggest("", allowed) ?? "remove it; the board allows nothing of this kind";
  return at(source, { code: "MANIFEST_POLICY_FORBIDS", path, message, remedy });
}
