import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, completePlan, type Plan } from "@bulkhead/protocol/manifest";
import { expect, test } from "vitest";
import { boardsDirectory, exampleManifest } from "../locations.ts";
import { compareSystems } from "./compare.ts";
import { formatDifference } from "./format.ts";

const text = readFileSync(exampleManifest, "utf8");

function planOf(manifest: string): Plan {
  const board = (name: string) => {
    const written = readFileSync(join(boardsDirectory, `${name}.yaml`), "utf8");
    // Every difference of the language is told, also one that no board of ours allows.
    return { file: name, text: written.replace("attach: []", "attach: [inspector]") };
  };
  const compiled = compile(manifest, { file: "manifest.yaml", board });
  if ("errors" in compiled) throw new Error(JSON.stringify(compiled.errors));
  return compiled.plan;
}

function differs(from: string, to: string): string {
  expect(text).toContain(from);
  return formatDifference(compareSystems(planOf(text), planOf(text.replace(from, to))));
}

test("[K+] the same system has no difference", () => {
  expect(compareSystems(planOf(text), planOf(text))).toEqual({ components: [], flows: [] });
});

test("[K+] a grant that is widened is told with both of its forms", () => {
  const shown = differs("pin: P9_15A, direction: in", "pin: P9_15A, direction: out");
  expect(shown).toContain(
    "irrigation\n  ~ channel flow: gpio.line { pin: P9_15A, direction: in } → gpio.line { pin: P9_15A, direction: out }",
  );
});

test("[K+] a network that is taken away is a permission and flows lost, each told once", () => {
  const plain = text.replace(/^assert:[\s\S]*/m, "");
  const [before, after] = [planOf(plain), planOf(plain.replace("    network: [mqtt] #", "    #"))];
  const { components, flows } = compareSystems(before, after);
  expect(components).toEqual([
    { component: "telemetry", state: "kept", changes: [{ kind: "lost", subject: "network mqtt", value: "" }] },
  ]);
  expect(flows.find(({ from }) => from.includes("network:mqtt"))?.lost).toContain("gpio/P9_12");
  expect(flows.find(({ from }) => from.includes("climate"))).toMatchObject({ gained: [], lost: ["network:mqtt"] });
  // The other way about it is gained.
  expect(compareSystems(after, before).flows.find(({ from }) => from.includes("climate"))?.gained).toEqual([
    "network:mqtt",
  ]);
});

test("[K+] a new component is shown with all that it may do, a removed one with all that it could", () => {
  const more = text.replace("\nassert:", "\n  spy: { image: ./spy, uses: { look: climate.state } }\n\nassert:");
  const { components } = compareSystems(planOf(text), planOf(more));
  expect(components.map(({ component, state }) => [component, state])).toEqual([["spy", "added"]]);
  expect(components[0]?.changes).toContainEqual({ kind: "gained", subject: "channel look", value: "climate.state" });
  const back = formatDifference(compareSystems(planOf(more), planOf(text)));
  expect(back).toContain("spy (gone)\n  - channel look: climate.state");
  expect(back).toContain("  - spy no longer reaches ");
});

test.each([
  [
    "runner: node\n    cpu: { class: fair, weight: 10, quota: 20% }",
    "runner: node",
    "~ cpu: weight 10, at most 20 % → weight 100",
  ],
  ["    memory: 48Mi", "    memory: 64Mi", "~ memory: 48Mi → 64Mi"],
  ["    memory: 48Mi", "    memory: 48Mi\n    secrets: [mqtt-password]", "+ secret mqtt-password"],
  ["    memory: 48Mi", "    memory: 48Mi\n    attach: [inspector]", "+ attaching inspector"],
  ["    memory: 48Mi", "    memory: 48Mi\n    requires: [seccomp]", "~ requires: nothing → seccomp"],
  ["escalate: safe-mode", "escalate: reboot", "~ escalates to: safe-mode → reboot"],
  [
    "version: 1.0.0",
    "version: 1.0.0\nunsigned-commands: false",
    "system\n  - commands without an operator's signature",
  ],
])("[K+] %s → %s is told", (from, to, told) => expect(differs(from, to)).toContain(told));

test("[K+] other code in the same folder is a change of a built release", () => {
  const plan = planOf(text);
  const [one, two] = ["a", "b"].map((digit) => completePlan(plan, () => digit.repeat(64)));
  if (one === undefined || two === undefined) throw new Error("unreachable");
  expect(formatDifference(compareSystems(one, two))).toContain(
    "~ image: ./climate aaaaaaaaaaaa → ./climate bbbbbbbbbbbb",
  );
});
