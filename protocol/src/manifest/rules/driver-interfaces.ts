/** By which of the kernel's interfaces a driver reaches its devices: it has that one, and what is granted can be had by it. */
import type { ErrorReport } from "../../errors.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { grantPath } from "./grants.ts";

type Ways = { readonly to: string; readonly by: readonly unknown[]; readonly remedy: string };

/** Of the drivers that have several. */
const ways: Readonly<Record<string, Ways>> = {
  gpio: {
    to: "pins",
    by: ["chardev", "sysfs"],
    remedy: "write `interface: chardev` (the character device) or `interface: sysfs`",
  },
  i2c: {
    to: "buses",
    by: ["i2c-rdwr", "i2c-bus"],
    remedy: "write `interface: i2c-rdwr` (any transfer) or `interface: i2c-bus` (the package of that name: SMBus)",
  },
};

export const driverInterfaceRule: Rule = (analysis) => [
  ...Object.keys(analysis.written.components).flatMap((name) => checkInterface(analysis, name)),
  ...analysis.plan.channels.flatMap((channel) => checkRegister(analysis, channel)),
];

function checkInterface({ source, written }: Analysis, name: string): ErrorReport[] {
  const { image = "", config = {} } = written.components[name] ?? {};
  const asked = config["interface"];
  const driver = driverClassOf(image) ?? "";
  const way = Object.hasOwn(ways, driver) ? ways[driver] : undefined;
  if (way === undefined || asked === undefined || way.by.includes(asked)) return [];
  const path = ["components", name, "config", "interface"];
  const message = `the driver \`${name}\` cannot reach ${way.to} by ${JSON.stringify(asked)}`;
  return [atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy: way.remedy })];
}

/** A register of two bytes cannot be read by SMBus: each call would fail. */
function checkRegister({ source, written }: Analysis, channel: Channel): ErrorReport[] {
  const { registerBytes } = channel.grant;
  const provider = written.components[channel.provider];
  if (channel.interface !== "i2c-device" || registerBytes !== 2) return [];
  if (driverClassOf(provider?.image ?? "") !== "i2c" || provider?.config?.["interface"] !== "i2c-bus") return [];
  const path = [...grantPath(channel), "registerBytes"];
  const message = `\`${channel.client}.${channel.name}\` has registers of two bytes, and \`${channel.provider}\` reads by i2c-bus behind one`;
  const remedy = `write \`interface: i2c-rdwr\` into the \`config\` of \`${channel.provider}\``;
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path, message, remedy })];
}
