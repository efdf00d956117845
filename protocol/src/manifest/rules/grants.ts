/** A grant has the form that the interface of its channel takes, and reaches only devices that its provider has. */
import type { ErrorReport } from "../../errors.ts";
import { emptyGrant, grantTable, secretsGrant } from "../../grants.ts";
import { coreImages } from "../../images.ts";
import type { Channel } from "../../system.ts";
import { samplesGrant } from "../../telemetry.ts";
import { type Analysis, atKey, atValue, driverClassOf, type Rule } from "../analysis.ts";
import { sentence } from "../schema-errors.ts";
import type { Path } from "../source.ts";

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
  return Object.hasOwn(grantTable, channel.interface) ? grantTable[channel.interface]?.schema : undefined;
}

function formOf(name: string): string {
  if (name === "samples") return "`{ streams: { temperature: { unit: °C, min: -40, max: 125 } }, perMinute: 60 }`";
  return (Object.hasOwn(grantTable, name) ? grantTable[name]?.form : undefined) ?? "no grant";
}

function checkForm({ source }: Analysis, channel: Channel): ErrorReport[] {
  const parsed = schemaOf(channel)?.safeParse(channel.grant);
  if (parsed === undefined || parsed.success) return [];
  const name = `the grant of \`${channel.client}.${channel.name}\``;
  return parsed.error.issues.flatMap((issue): ErrorReport[] => {
    const path = [...grantPath(channel), ...issue.path.filter((part) => typeof part !== "symbol")];
    const remedy = `the interface \`${channel.interface}\` takes ${formOf(channel.interface)}`;
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

function checkDevice({ source, written }: Analysis, channel: Channel): ErrorReport[] {
  const provider = written.components[channel.provider];
  const row = Object.hasOwn(grantTable, channel.interface) ? grantTable[channel.interface] : undefined;
  if (provider === undefined || driverClassOf(provider.image) === undefined || row === undefined) return [];
  const { key, nameOf } = row.device;
  const device = nameOf(channel.grant);
  const devices = provider.devices ?? [];
  if (device === undefined || devices.includes(device)) return [];
  const name = `\`${channel.client}.${channel.name}\``;
  const message = `${name} is granted ${key} ${String(channel.grant[key])}, and \`${channel.provider}\` does not have the device \`${device}\``;
  const others = devices.length > 0 ? `, or grant what it has: ${devices.join(", ")}` : "";
  const remedy = `add \`${device}\` to the devices of \`${channel.provider}\`${others}`;
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: [...grantPath(channel), key], message, remedy })];
}
