/** Components of one trust group share a process: only workers can, and what belongs to the process is said alike by all. */
import { canonicalJson } from "../../canonical-json.ts";
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";
import type { PlannedComponent } from "../plan.ts";

/** Keys of the manifest that become limits or mounts of the process, with what holds them in a plan. */
const shared = {
  cpu: ["cpu", "cores"],
  memory: ["memoryBytes"],
  processes: ["processes"],
  files: ["openFiles"],
  storage: ["storage"],
  network: ["network"],
  requires: ["requires"],
  attach: ["attach"],
} as const satisfies Record<string, readonly (keyof PlannedComponent)[]>;

export const trustGroupRule: Rule = (analysis) => {
  const first = new Map<string, string>();
  return Object.keys(analysis.written.components).flatMap((name) => {
    const group = analysis.plan.components[name]?.trustGroup ?? null;
    const pairing = checkPairing(analysis, name, group);
    if (group === null || pairing.length > 0) return pairing;
    const other = first.get(group);
    if (other === undefined) first.set(group, name);
    return other === undefined ? [] : checkAgreement(analysis, name, other, group);
  });
};

function checkPairing({ plan, source }: Analysis, name: string, group: string | null): ErrorReport[] {
  const runner = plan.components[name]?.runner;
  if ((runner === "worker") === (group !== null)) return [];
  const code = group === null ? "MANIFEST_MISSING_KEY" : "MANIFEST_INVALID_VALUE";
  if (group === null) {
    const message = `\`${name}\` is a worker and lacks \`trust-group\`, which says with whom it shares its process`;
    const remedy = "write `trust-group: …`, or use the runner `node`, which has a process of its own";
    return [atValue(source, { code, path: ["components", name, "runner"], message, remedy })];
  }
  const message = `\`${name}\` has the runner \`${runner}\`, which shares its process with nobody`;
  const remedy = "remove `trust-group`, or use `runner: worker`";
  return [atKey(source, { code, path: ["components", name, "trust-group"], message, remedy })];
}

function checkAgreement({ plan, source }: Analysis, name: string, other: string, group: string): ErrorReport[] {
  return Object.entries(shared).flatMap(([key, members]) => {
    const differs = members.some(
      (member) => shown(plan.components[name], member) !== shown(plan.components[other], member),
    );
    if (!differs) return [];
    const message = `\`${name}\` and \`${other}\` share the process of trust group \`${group}\` and differ in \`${key}\``;
    const remedy = `write the same \`${key}\` in both: it is that of the process`;
    return [atKey(source, { code: "MANIFEST_INVALID_VALUE", path: ["components", name, key], message, remedy })];
  });
}

function shown(component: PlannedComponent | undefined, member: keyof PlannedComponent): string {
  return canonicalJson((component?.[member] ?? null) as never);
}
