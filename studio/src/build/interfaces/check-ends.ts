/** Compares what the code at both ends of every channel says with the manifest and with each other. Pure. */
import type { Channel, ErrorReport } from "@bulkhead/protocol";
import { type Plan, type Source, suggest } from "@bulkhead/protocol/manifest";
import type { ChannelEnd, Definition } from "./definitions.ts";

/** Definitions by component; a component without one (its code is no JavaScript) is not judged. */
export type Definitions = ReadonlyMap<string, Definition>;

/** All disagreements: a channel that the code wants and the manifest lacks, another interface, another form of the same. */
export function checkEnds(plan: Plan, definitions: Definitions, source: Source): ErrorReport[] {
  const own = Object.entries(plan.components).filter(([, { role }]) => role === "application" || role === "driver");
  const missing = own.flatMap(([name]) => checkMissing(plan, name, definitions.get(name), source));
  const clients = new Set(own.map(([name]) => name));
  const channels = plan.channels.filter(({ client }) => clients.has(client));
  return [...missing, ...channels.flatMap((channel) => checkChannel(channel, definitions, source) ?? [])];
}

function checkMissing(plan: Plan, name: string, definition: Definition | undefined, source: Source): ErrorReport[] {
  const given = plan.channels.filter(({ client }) => client === name).map((channel) => channel.name);
  return Object.entries(definition?.uses ?? {}).flatMap(([channel, end]) => {
    if (given.includes(channel)) return [];
    const message = `the code of \`${name}\` uses \`${channel}\` (${end.interface}), which the manifest does not give it`;
    const remedy = `write under \`uses\` of \`${name}\`: \`${channel}: <component>.<service that is ${end.interface}>\``;
    return [mismatch(message, source.keyPlaceOf(["components", name]), remedy)];
  });
}

function checkChannel(channel: Channel, definitions: Definitions, source: Source): ErrorReport | undefined {
  const { client, name, provider, service } = channel;
  const place = source.keyPlaceOf(["components", client, "uses", name]);
  const used = definitions.get(client)?.uses[name];
  if (used !== undefined && used.interface !== channel.interface) {
    const message = `the code of \`${client}\` uses \`${name}\` as \`${used.interface}\`, and \`${provider}.${service}\` is a \`${channel.interface}\``;
    return mismatch(message, place, "lead the channel to another service, or change the code");
  }
  const offered = definitions.get(provider);
  const provided = offered?.provides[service];
  if (offered !== undefined && provided === undefined) {
    const message = `the code of \`${provider}\` provides no \`${service}\`, which the manifest gives to \`${client}.${name}\``;
    return mismatch(message, place, suggest(service, Object.keys(offered.provides)));
  }
  if (provided !== undefined && provided.interface !== channel.interface) {
    const message = `the code of \`${provider}\` provides \`${service}\` as \`${provided.interface}\`, and the manifest says \`${channel.interface}\``;
    return mismatch(
      message,
      source.placeOf(["components", provider, "provides", service]),
      `write \`${service}: ${provided.interface}\``,
    );
  }
  return checkForm(channel, used, provided, place) ?? checkOperations(channel, used ?? provided, source);
}

function checkForm(
  { client, name, ...channel }: Channel,
  used: ChannelEnd | undefined,
  provided: ChannelEnd | undefined,
  place: ErrorReport["place"],
): ErrorReport | undefined {
  if (used === undefined || provided === undefined || used.digest === provided.digest) return undefined;
  const ends = `\`${client}.${name}\` (${used.digest.slice(0, 12)}) and \`${channel.provider}.${channel.service}\` (${provided.digest.slice(0, 12)})`;
  const message = `${ends} have different forms of the interface \`${channel.interface}\``;
  return mismatch(message, place, "let both import the interface from one file");
}

function checkOperations(
  { client, name, ...channel }: Channel,
  end: ChannelEnd | undefined,
  source: Source,
): ErrorReport | undefined {
  const index = (channel.operations ?? []).findIndex(
    (operation) => end !== undefined && !end.operations.includes(operation),
  );
  if (end === undefined || index < 0) return undefined;
  const operation = channel.operations?.[index] ?? "";
  const message = `the interface \`${channel.interface}\` of \`${client}.${name}\` has no operation \`${operation}\``;
  const place = source.placeOf(["components", client, "uses", name, "operations", index]);
  return mismatch(message, place, suggest(operation, end.operations));
}

function mismatch(message: string, place: ErrorReport["place"], remedy?: string): ErrorReport {
  return {
    code: "BUILD_INTERFACE_MISMATCH",
    message,
    ...(place && { place }),
    ...(remedy !== undefined && { remedy }),
  };
}
