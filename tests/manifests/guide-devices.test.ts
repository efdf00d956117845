/** The guide to small devices: its manifest compiles, its component is what its grants are for, its table names every operation. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { driverImages, grantTable } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { compileText } from "./boards.ts";

const guide = readFileSync(join(import.meta.dirname, "../../docs/guide/small-devices.md"), "utf8");
const example = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
const classes = ["pwm", "adc", "leds", "rtc", "watchdog"] as const;

test("[K11] the manifest of the guide to small devices compiles for board virtual, and grants something of each class", () => {
  const compiled = compileText(example);
  expect("errors" in compiled ? compiled.errors : []).toEqual([]);
  const granted = "plan" in compiled ? compiled.plan.channels.map((channel) => channel.interface) : [];
  for (const name of classes)
    expect(granted).toEqual(expect.arrayContaining(Object.values(driverImages[name].provides)));
});

test("[K11] the guide to small devices names services, interfaces and codes as they are", () => {
  for (const name of classes)
    for (const [service, iface] of Object.entries(driverImages[name].provides)) {
      expect(guide).toContain(`| \`${name}\`, \`${service}\`, \`${iface}\` |`);
      expect(Object.keys(grantTable)).toContain(iface);
    }
});
