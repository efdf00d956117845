/** Links channels: every `uses` to the provider, service and interface that it names. */
import type { ErrorReport } from "../errors.ts";
import { coreImages } from "../images.ts";
import type { Channel } from "../system.ts";
import { atKey, atValue } from "./analysis.ts";
import { channelDefaults } from "./defaults.ts";
import { coreServices, servicesOf } from "./services.ts";
import type { Path, Source } from "./source.ts";
import { suggest } from "./suggest.ts";
import type { ManifestWritten, UseWritten } from "./written.ts";

/** What the client writes about a channel, beyond where it goes. */
type Terms = Omit<Channel, "client" | "name" | "provider" | "service" | "interface">;

/** The client's name of the channel that brings its secrets. */
const secretsChannel = "secrets";

/** The serial server's name of the channel to the port of the console. */
export const consoleChannel = "port";

type Use = { client: string; name: string; path: Path; from: string; rest: Terms };

/** All channels of the system, those of the core first; and an error for each that leads nowhere. */
export function linkChannels(written: ManifestWritten, source: Source): { channels: Channel[]; errors: ErrorReport[] } {
  const errors: ErrorReport[] = [];
  const channels = [...coreChannels(), ...secretChannels(written)];
  const port = linkConsole(written, source);
  if (port !== undefined && "code" in port) errors.push(port);
  else if (port !== undefined) channels.push(port);
  for (const use of usesOf(written)) {
    const linked = linkUse(use, written, source);
    if ("code" in linked) errors.push(linked);
    else channels.push(linked);
  }
  return { channels, errors };
}

function usesOf(written: ManifestWritten): Use[] {
  return Object.entries(written.components).flatMap(([client, component]) =>
    Object.entries(component.uses ?? {}).map(([name, use]): Use => {
      const path = ["components", client, "uses", name];
      if (typeof use === "string") return { client, name, path, from: use, rest: channelDefaults };
      return { client, name, path: [...path, "from"], from: use.from, rest: termsOf(use) };
    }),
  );
}

function termsOf(use: Exclude<UseWritten, string>): Terms {
  return {
    dependency: use.dependency ?? channelDefaults.dependency,
    grant: (use.grant ?? {}) as Channel["grant"],
    operations: use.operations === undefined ? null : [...use.operations],
    inspect: use.inspect ?? false,
    ratePerSecond: use.rate ?? null,
    leaseBytes: use.lease ?? 0,
  };
}

function linkUse(
  { client, name, path, from, rest }: Use,
  written: ManifestWritten,
  source: Source,
): Channel | ErrorReport {
  if (name === secretsChannel && (written.components[client]?.secrets ?? []).length > 0) {
    const message = `the channel \`secrets\` of \`${client}\` is the one that \`secrets\` gives it`;
    const remedy = "give this channel another name";
    const at = path.at(-1) === "from" ? path.slice(0, -1) : path;
    return atKey(source, { code: "MANIFEST_INVALID_VALUE", path: at, message, remedy });
  }
  const [provider = "", service = ""] = from.split(".");
  const services = serviceTable(provider, written);
  if (services === undefined) {
    const message = `\`${client}.${name}\` goes to \`${provider}\`, which the manifest does not declare`;
    const remedy = suggest(provider, [...Object.keys(written.components), ...Object.keys(coreImages)]);
    return atValue(source, { code: "MANIFEST_UNKNOWN_COMPONENT", path, message, remedy });
  }
  if (!Object.hasOwn(services, service)) {
    const message = `\`${provider}\` provides no \`${service}\`, which \`${client}.${name}\` wants to use`;
    const remedy = suggest(service, Object.keys(services)) ?? `declare it: \`provides: { ${service}: <interface> }\``;
    return atValue(source, { code: "MANIFEST_UNKNOWN_INTERFACE", path, message, remedy });
  }
  return { client, name, provider, service, interface: services[service] ?? "", ...rest };
}

/** The console's port: a channel from the serial server to the driver that has it. The server works without. */
function linkConsole(written: ManifestWritten, source: Source): Channel | ErrorReport | undefined {
  if (written.console === undefined) return undefined;
  const { port, speed } = written.console;
  const [provider, driver] =
    Object.entries(written.components).find(([, { devices = [] }]) => devices.includes(port)) ?? [];
  const path = ["console", "port"];
  if (provider === undefined || driver === undefined) {
    const message = `the console goes to \`${port}\`, which no driver has`;
    const remedy = `declare one: \`serial: { image: driver:serial, devices: [${port}] }\``;
    return atValue(source, { code: "MANIFEST_UNKNOWN_DEVICE", path, message, remedy });
  }
  if (driver.image !== "driver:serial") {
    const message = `the console goes to \`${port}\`, and \`${provider}\` is no serial driver`;
    const remedy = "name a device of a component with `image: driver:serial`";
    return atValue(source, { code: "MANIFEST_INVALID_VALUE", path, message, remedy });
  }
  const ends = { client: "serial-server", name: consoleChannel, provider, service: "port", interface: "serial-port" };
  return { ...channelDefaults, ...ends, dependency: "weak", grant: { port, speed } };
}

function serviceTable(provider: string, written: ManifestWritten): Readonly<Record<string, string>> | undefined {
  const component = Object.hasOwn(written.components, provider) ? written.components[provider] : undefined;
  return component ? servicesOf(component) : coreServices(provider);
}

/** What gives a component its secrets: a channel to the key store that no manifest writes, limited to their names. */
function secretChannels(written: ManifestWritten): Channel[] {
  return Object.entries(written.components).flatMap(([client, { secrets = [] }]): Channel[] => {
    if (secrets.length === 0) return [];
    const ends = { client, name: secretsChannel, provider: "key-store", service: "secrets", interface: "secrets" };
    return [{ ...channelDefaults, ...ends, grant: { names: [...secrets] } }];
  });
}

/** Channels among the core servers; they are in every system. */
function coreChannels(): Channel[] {
  return Object.entries(coreImages).flatMap(([client, image]) =>
    Object.entries(image.uses).map(
      ([name, { from, dependency }]: [string, { from: string; dependency: "strong" | "weak" }]) => {
        const [provider = "", service = ""] = from.split(".");
        return {
          client,
          name,
          provider,
          service,
          interface: coreServices(provider)?.[service] ?? "",
          ...channelDefaults,
          dependency,
        };
      },
    ),
  );
}
