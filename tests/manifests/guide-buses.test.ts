/** The guide to buses: its manifest compiles, its component is what its grants are for, its tables are the code's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { driverImages, errorTable, grantTable } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { compileText } from "./boards.ts";

const guide = readFileSync(join(import.meta.dirname, "../../docs/guide/buses.md"), "utf8");
const example = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
const classes = ["spi", "can"] as const;

test("[K11] the manifest of the guide to buses compiles for board virtual, and grants something of each class", () => {
  const compiled = compileText(example);
  expect("errors" in compiled ? compiled.errors : []).toEqual([]);
  const granted = "plan" in compiled ? compiled.plan.channels.map((channel) => channel.interface) : [];
  for (const name of classes) {
    expect(granted).toEqual(expect.arrayContaining(Object.values(driverImages[name].provides)));
  }
});

test("[K11] the guide to buses names services, interfaces and codes as they are", () => {
  for (const name of classes) {
    for (const [service, iface] of Object.entries(driverImages[name].provides)) {
      expect(guide).toContain(`| \`${name}\`, \`${service}\`, \`${iface}\` |`);
      expect(Object.keys(grantTable)).toContain(iface);
    }
  }
  const codes = [...guide.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  expect(codes.length).toBe(5);
  for (const code of codes) expect(errorTable).toHaveProperty([code ?? ""]);
});
