/** What a driver asks of its devices fits them: they are free, they can do it, and one client has each of what is for one. */
import type { ErrorReport } from "../../errors.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atValue, driverClassOf, type Rule } from "../analysis.ts";
import type { BoardDevice } from "../board-devices.ts";
import { suggest } from "../suggest.ts";
import { grantPath } from "./grants.ts";

export const driverDeviceRule: Rule = (analysis) => [
  ...Object.keys(analysis.written.components).flatMap((name) => [
    ...checkFree(analysis, name),
    ...checkWrites(analysis, name),
  ]),
  ...checkChannels(analysis),
];

const deviceOf = ({ board }: Analysis, name: unknown): BoardDevice | undefined =>
  typeof name === "string" && Object.hasOwn(board.devices, name) ? board.devices[name] : undefined;

function checkFree(analysis: Analysis, name: string): ErrorReport[] {
  const { source, board, written } = analysis;
  return (written.components[name]?.devices ?? []).flatMap((device, index) => {
    const claims = deviceOf(analysis, device)?.claims;
    if (claims === undefined) return [];
    const path = ["components", name, "devices", index];
    const message = `board \`${board.board}\` uses device \`${device}\` for ${claims}`;
    const remedy = "take another device of its class, or another board";
    return [atValue(source, { code: "MANIFEST_DEVICE_CLAIMED", path, message, remedy })];
  });
}

/** Attributes of sysfs are guarded by their owner alone, and what stands beside them is nobody's secret: the board's owner says which. */
function checkWrites(analysis: Analysis, name: string): ErrorReport[] {
  const { source, board, plan, written } = analysis;
  const writes = Object.values(plan.components[name]?.attributes ?? {}).some(({ write }) => write);
  const driver = driverClassOf(written.components[name]?.image ?? "") ?? "";
  const allowed: readonly string[] = board.policy["sysfs-writes"];
  if (!writes || allowed.includes(driver)) return [];
  const path = ["components", name, "image"];
  const message = `the policy of board \`${board.board}\` does not allow the driver \`${name}\` to write attributes in sysfs`;
  const other = driver === "gpio" ? "take `interface: chardev`, or " : "";
  const remedy = `${other}list \`${driver}\` under \`sysfs-writes\` in the policy of the board`;
  return [atValue(source, { code: "MANIFEST_POLICY_FORBIDS", path, message, remedy })];
}

/** What one channel alone can have: of these classes one client would undo what the other did. */
const exclusive: Readonly<Record<string, (channel: Channel) => string>> = {
  "spi-device": ({ grant }) => `device \`${String(grant["device"])}\``,
  "pwm-channel": ({ grant }) => `channel ${String(grant["channel"])} of \`${String(grant["device"])}\``,
  led: ({ grant }) => `device \`${String(grant["device"])}\``,
  watchdog: ({ grant }) => `device \`${String(grant["device"])}\``,
};

function checkChannels(analysis: Analysis): ErrorReport[] {
  const users = new Map<string, Channel>();
  return analysis.plan.channels.flatMap((channel) => {
    const device = deviceOf(analysis, channel.grant["device"]);
    if (device === undefined) return [];
    const what = Object.hasOwn(exclusive, channel.interface) ? exclusive[channel.interface]?.(channel) : undefined;
    const other = what === undefined ? undefined : users.get(what);
    if (what !== undefined) users.set(what, other ?? channel);
    return [...checkReach(analysis, channel, device), ...checkUsers(analysis, channel, what ?? "", other)];
  });
}

function checkUsers({ source }: Analysis, channel: Channel, what: string, other: Channel | undefined): ErrorReport[] {
  if (other === undefined) return [];
  const message = `${what} is granted to \`${other.client}.${other.name}\` and to \`${channel.client}.${channel.name}\``;
  const remedy = "it has one user: let the one ask the other";
  const key = "channel" in channel.grant ? "channel" : "device";
  const path = [...grantPath(channel), key];
  return [atValue(source, { code: "MANIFEST_DEVICE_CLAIMED_TWICE", path, message, remedy })];
}

/** A channel that the device has, and a clock that it can have. */
function checkReach({ source }: Analysis, channel: Channel, device: BoardDevice): ErrorReport[] {
  const { device: name, channel: asked, speed } = channel.grant;
  const client = `\`${channel.client}.${channel.name}\``;
  const mismatch = (key: string, message: string, remedy: string) => [
    atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: [...grantPath(channel), key], message, remedy }),
  ];
  if (device.class === "spi" && typeof speed === "number" && speed > device.speed) {
    const message = `${client} has \`${String(name)}\` at ${speed} Hz, and it can have ${device.speed}`;
    return mismatch("speed", message, `write \`speed: ${device.speed}\`, or less`);
  }
  if (device.class === "pwm" && typeof asked === "number" && asked >= device.channels) {
    const message = `${client} is granted channel ${asked} of \`${String(name)}\`, which has ${device.channels}`;
    return mismatch("channel", message, `its channels are 0 to ${device.channels - 1}`);
  }
  if (device.class === "adc" && typeof asked === "string" && !device.channels.includes(asked)) {
    const message = `${client} is granted channel \`${asked}\` of \`${String(name)}\`, which has none of this name`;
    return mismatch("channel", message, suggest(asked, device.channels) ?? "see the file of the board");
  }
  return [];
}
