/** Devices and what they report, as text for a person. Pure. */
import type { Device, StatusAnswer, StoredLogLine } from "@bulkhead/kms";
import type {
  BaseStatus,
  ComponentStatus,
  DeviceStatus,
  GatewayStatus,
  HostLayer,
  Verification,
} from "@bulkhead/protocol";
import { formatAgo, formatColumns, formatIn } from "../cli/columns.ts";
import { printable } from "../cli/printable.ts";

/** One line a device. */
export function formatDevices(devices: readonly Device[], nowMs: number): string {
  if (devices.length === 0) return "no device is enrolled";
  const head = ["NAME", "ID", "CONNECTION", "RELEASE", "GENERATION", "COMPONENTS"];
  const rows = devices.map((device) => [
    device.name,
    device.id,
    describeConnection(device, nowMs),
    `${describeRelease(device.release)}${device.overlay === null ? "" : ` + ${printable(device.overlay.name)}`}`,
    device.generation === null ? "-" : String(device.generation),
    describeComponents(device.components),
  ]);
  return formatColumns([head, ...rows]);
}

/** One device: a heading, what became of the last update, and one line a component. */
export function formatDevice(device: Device, { status, receivedAtMs }: StatusAnswer, nowMs: number): string {
  const facts = [
    ["connection", describeConnection(device, nowMs)],
    ["tunnel", `${device.address}, ${describeTunnel(device.tunnel, nowMs)}`],
    ...(status?.gateway ? [["gateway", describeGateway(status.gateway, nowMs)]] : []),
    ["release", describeRelease(device.release), device.release?.digest ?? ""],
    ...overlayFacts(device),
    ["generation", device.generation === null ? "-" : String(device.generation)],
    ...(device.unsignedCommands === null ? [] : [["commands", describeAuthority(device.unsignedCommands)]]),
    ...(status?.base ? [["base system", describeBase(status.base)]] : []),
    ...(status ? [["update", describeUpdate(status.update)]] : []),
    ...(status?.mode?.kind === "safe" ? [["mode", `SAFE MODE: ${printable(status.mode.reason)}`]] : []),
    ...(status?.verification ? [["verified", describeVerification(status.verification, nowMs)]] : []),
    ["reported", receivedAtMs === null ? "never" : formatAgo(receivedAtMs, nowMs)],
  ].map(([name, ...values]) => [`  ${name}`, values.filter((value) => value !== "").join(", ")]);
  const heading = [`${device.name}  ${device.id}`, formatColumns(facts)];
  if (!status) return heading.join("\n");
  const differences = formatDifferences(status.verification);
  const parts = [formatComponents(status.components, nowMs), formatHost(status.host), differences];
  return [...heading, ...parts.filter((part) => part !== "").flatMap((part) => ["", part])].join("\n");
}

/** What the device's kernel has to give; "" for a device that does not say. */
export function formatHost(layers: readonly HostLayer[] | undefined): string {
  if (!layers || layers.length === 0) return "";
  const rows = layers.map(({ layer, state, detail }) => [layer, state, printable(detail)]);
  return formatColumns([["LAYER OF THE HOST", "", ""], ...rows]);
}

/** One line for each thing that is not as the system says; "" where there is none. */
export function formatDifferences(verification: Verification | null | undefined): string {
  if (!verification) return "";
  const { differences, more } = verification;
  const lines = differences.map(({ component, what, expected, found }) =>
    printable(`  ${component}: ${what}: expected ${expected}; found ${found}`),
  );
  const rest = more > 0 ? [`  and ${more} more`] : [];
  return lines.length > 0 ? ["not as the system says:", ...lines, ...rest].join("\n") : "";
}

/** The verdict of a verification. */
export function describeVerification({ atMs, ok, components, failure }: Verification, nowMs: number): string {
  const when = formatAgo(atMs, nowMs);
  if (ok) return `${when}: what runs is what is written, in all ${components} components`;
  return `${when}: ${failure === null ? "what runs is not what is written" : `not everything was seen: ${printable(failure)}`}`;
}

/** Which slot runs, and what the two hold. */
export function describeBase({ slot, digest, other, onTrial }: BaseStatus): string {
  const otherSlot = slot === "a" ? "b" : "a";
  const held = (one: string | null, none: string) => (one === null ? none : one.slice(0, 12));
  return [
    `slot ${slot}${onTrial ? " (on trial)" : ""}: ${held(digest, "of an older image")}`,
    `slot ${otherSlot}: ${held(other, "nothing that is known to be whole")}`,
  ].join(", ");
}

/** Where a gateway that is known by name is, whose word that is, and what came of asking last. */
export function describeGateway(
  { name, address, from, askedAtMs, answer, failure }: GatewayStatus,
  nowMs: number,
): string {
  const said = answer.length > 0 ? answer.join(", ") : "nothing yet";
  const where =
    from === "kept" ? `${address}, where the tunnel stood before; the resolvers said ${said}` : (address ?? said);
  const asked = askedAtMs === null ? "" : `, asked ${formatAgo(askedAtMs, nowMs)}`;
  return `${name}: ${where}${asked}${failure === null ? "" : `; ${printable(failure)}`}`;
}

export function formatComponents(components: readonly ComponentStatus[], nowMs: number): string {
  const head = ["COMPONENT", "STATE", "INCARNATION", "RESTARTS", "LEVEL", "LAST REASON"];
  const rows = components.map((component) => [
    component.name,
    describeState(component),
    String(component.incarnation),
    String(component.restarts),
    describeLevel(component.level),
    component.lastReason === null
      ? "-"
      : `${formatAgo(component.lastReason.atMs, nowMs)}: ${printable(component.lastReason.text)}`,
  ]);
  return formatColumns([head, ...rows]);
}

function describeState({ state, attached, accelerator }: ComponentStatus): string {
  const words = [
    ...(accelerator ? [accelerator === "kvm" ? "guest by KVM" : "emulated guest"] : []),
    ...(attached ? [`${attached.join(" and ")} attached`] : []),
  ];
  return [state, ...words].join(", ");
}

/** `10:15:02.123 climate  text`; what the runtime says about a component, and standard error, are marked. */
export function formatLogLine({ atMs, component, stream, text }: StoredLogLine): string {
  const time = new Date(atMs).toISOString().replace("T", " ").replace("Z", "");
  const mark = { out: " ", err: "!", runtime: "*" }[stream];
  return `${time} ${component.padEnd(16)} ${mark} ${printable(text)}`;
}

function describeAuthority(unsignedCommands: boolean): string {
  return unsignedCommands
    ? "NEED NO SIGNATURE: the policy of its board waives an operator's, as for development"
    : "by an operator's signature only";
}

function describeConnection(device: Device, nowMs: number): string {
  const { connected, connectedAtMs, lastSeenMs, presence, expectedAtMs } = device;
  if (connected) return connectedAtMs === null ? "connected" : `connected ${formatAgo(connectedAtMs, nowMs)}`;
  if (presence === "asleep" && expectedAtMs !== null) return `asleep, expected ${formatIn(expectedAtMs, nowMs)}`;
  if (presence === "overdue" && expectedAtMs !== null) return `OVERDUE, expected ${formatAgo(expectedAtMs, nowMs)}`;
  return lastSeenMs === null ? "never seen" : `gone, last seen ${formatAgo(lastSeenMs, nowMs)}`;
}

function describeTunnel(tunnel: Device["tunnel"], nowMs: number): string {
  if (tunnel === null) return "the gateway does not answer";
  return tunnel.latestHandshakeMs === null
    ? "no handshake yet"
    : `handshake ${formatAgo(tunnel.latestHandshakeMs, nowMs)}`;
}

/** What was put on the release, and what the two are together. */
function overlayFacts({ overlay, deployment }: Device): string[][] {
  if (overlay === null) return [];
  return [
    ["overlay", `${printable(overlay.name)} (${overlay.overlayCounter}) of ${deployment}`, overlay.digest],
    ["effective", overlay.effectiveDigest],
  ];
}

function describeRelease(release: Device["release"]): string {
  return release === null ? "-" : `${release.name} ${printable(release.version)} (${release.releaseCounter})`;
}

function describeComponents(components: Device["components"]): string {
  if (components === null) return "-";
  const failed = components.failed > 0 ? `, ${components.failed} failed` : "";
  return `${components.ready} of ${components.total} ready${failed}`;
}

/** The whole of it is in `--json`, and on the page. */
function describeLevel(level: ComponentStatus["level"]): string {
  if (level === null) return "-";
  const lower = [
    ...(level.missing.length > 0 ? [`without ${level.missing.map(printable).join(", ")}`] : []),
    ...(level.writesSysfs ? ["writes sysfs"] : []),
  ];
  return lower.length === 0 ? "full" : lower.join("; ");
}

function describeUpdate({ state, reason }: DeviceStatus["update"]): string {
  return reason === "" ? state : `${state}: ${printable(reason)}`;
}
