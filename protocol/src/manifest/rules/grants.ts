/** A grant has the form that the interface of its channel takes, and reaches only devices that its provider has. */
import type { ErrorReport } from "../../errors.ts";
import { emptyGrant, grantSchemas, secretsGrant } from "../../grants.ts";
import { coreImages } from "../../images.ts";
import type { Channel } from "../../system.ts";
import { samplesGrant } from "../../telemetry.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { sentence } from "../schema-errors.ts";
import type { Path, Source } from "../source.ts";

export const grantRule: Rule = (analysis) =>
  analysis.plan.channels
    .filter((channel) => Object.hasOwn(analysis.written.components, channel.client))
    .flatMap((channel) => [...checkForm(analysis, channel), ...checkDevice(analysis, channel)]);

/** Where the grant of a channel stands. */
export const grantPath = (channel: Channel): Path => ["components", channel.client, "uses", channel.name, "grant"];

// An interface of the application's own has a grant schema that only its provider knows: that one checks it at run time.
function schemaOf(channel: Channel) {
  if (channel.interface === "secrets" && channel.provider === "key-store") return secretsGrant;
  if (channel.interface === "samples" && channel.provider === "serial-server") return samplesGrant;
  if (Object.hasOwn(coreImages, channel.provider)) return emptyGrant;
  return Object.hasOwn(grantSchemas, channel.interface) ? grantSchemas[channel.interface] : undefined;
}

function checkForm({ source }: Analysis, channel: Channel): ErrorReport[] {
  const parsed = schemaOf(channel)?.safeParse(channel.grant);
  if (parsed === undefined || parsed.success) return [];
  const name = `the grant of \`${channel.client}.${channel.name}\``;
  return parsed.error.issues.flatMap((issue): ErrorReport[] => {
    const path = [...grantPath(channel), ...issue.path.filter((part) => typeof part !== "symbol")];
    const remedy = `the interface \`${channel.interface}\` takes ${grantForms[channel.interface] ?? "no grant"}`;
    const code = "MANIFEST_GRANT_MISMATCH";
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) =>
        atKey(source, { code, path: [...path, key], message: `${name} has an unknown key \`${key}\``, remedy }),
      );
    const key = String(issue.path[0] ?? "");
    const missing = key !== "" && !Object.hasOwn(channel.grant, key);
    const what = missing ? `lacks \`${key}\`` : `does not fit: ${issue.path.join(".")}: ${sentence(issue)}`;
    return [atValue(source, { code, path, message: `${name} ${what}`, remedy })];
  });
}

const grantForms: Readonly<Record<string, string>> = {
  "i2c-device": "`{ bus: 2, address: 0x48, access: read }` (access: read or read-write)",
  samples: "`{ streams: { temperature: { unit: °C, min: -40, max: 125 } }, perMinute: 60 }`",
  "gpio-line": "`{ pin: P9_12, direction: out }` (direction: in or out)",
  "serial-port": "`{ port: ttyS4, speed: 115200 }` (speed: the highest that it may set)",
};

function checkPort(source: Source, channel: Channel, port: unknown, devices: readonly string[]): ErrorReport[] {
  if (typeof port !== "string" || devices.includes(port)) return [];
  const message = `\`${channel.client}.${channel.name}\` is granted port ${port}, which \`${channel.provider}\` does not have`;
  const remedy = `add \`${port}\` to the devices of \`${channel.provider}\`, or grant one of ${devices.join(", ") || "its ports"}`;
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: [...grantPath(channel), "port"], message, remedy })];
}

function checkDevice({ source, written }: Analysis, channel: Channel): ErrorReport[] {
  const provider = written.components[channel.provider];
  if (provider === undefined || driverClassOf(provider.image) === undefined) return [];
  const { bus, pin } = channel.grant;
  const name = `\`${channel.client}.${channel.name}\``;
  const devices = provider.devices ?? [];
  if (channel.interface === "gpio-line" && typeof pin === "string" && !devices.includes("gpio")) {
    const message = `${name} is granted a pin, and \`${channel.provider}\` does not have the device \`gpio\``;
    const remedy = `write \`devices: [gpio]\` in \`${channel.provider}\``;
    return [
      atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: [...grantPath(channel), "pin"], message, remedy }),
    ];
  }
  if (channel.interface === "serial-port") return checkPort(source, channel, channel.grant["port"], devices);
  if (channel.interface !== "i2c-device" || typeof bus !== "number" || devices.includes(`i2c-${bus}`)) return [];
  const message = `${name} is granted bus ${bus}, which \`${channel.provider}\` does not have`;
  const remedy = `add \`i2c-${bus}\` to the devices of \`${channel.provider}\`, or grant one of ${devices.join(", ") || "its buses"}`;
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: [...grantPath(channel), "bus"], message, remedy })];
}
