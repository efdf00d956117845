/** Serial ports: each has one user, no faster than the port can be; the console is one of them where the board allows it. */
import type { ErrorReport } from "../../errors.ts";
import type { Channel } from "../../system.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";
import { consoleChannel } from "../link.ts";
import type { Path } from "../source.ts";
import { grantPath } from "./grants.ts";

export const serialPortRule: Rule = (analysis) => {
  const users = new Map<string, Channel>();
  const found = analysis.plan.channels.flatMap((channel) => {
    const { port } = channel.grant;
    if (channel.interface !== "serial-port" || typeof port !== "string") return [];
    const other = users.get(port);
    users.set(port, other ?? channel);
    // The console stands first among the channels; the error is told where the other user is written.
    return [...checkSpeed(analysis, channel, port), ...checkUsers(analysis, channel, port, other)];
  });
  return [...checkPolicy(analysis), ...found];
};

const isConsole = ({ client, name }: Channel): boolean => client === "serial-server" && name === consoleChannel;
const pathOf = (channel: Channel, key: string): Path =>
  isConsole(channel) ? ["console", key] : [...grantPath(channel), key];
const nameOf = (channel: Channel): string => (isConsole(channel) ? "console" : `${channel.client}.${channel.name}`);

function checkSpeed({ board, source }: Analysis, channel: Channel, port: string): ErrorReport[] {
  const device = Object.hasOwn(board.devices, port) ? board.devices[port] : undefined;
  const { speed } = channel.grant;
  if (device?.class !== "serial" || typeof speed !== "number" || speed <= device.speed) return [];
  const message = `\`${nameOf(channel)}\` has port \`${port}\` at ${speed} baud, and it can have ${device.speed}`;
  const remedy = `write \`speed: ${device.speed}\`, or less`;
  return [atValue(source, { code: "MANIFEST_GRANT_MISMATCH", path: pathOf(channel, "speed"), message, remedy })];
}

function checkUsers({ source }: Analysis, channel: Channel, port: string, other: Channel | undefined): ErrorReport[] {
  if (other === undefined) return [];
  const message = `port \`${port}\` is granted to \`${nameOf(other)}\` and to \`${nameOf(channel)}\``;
  const remedy = "a port has one user: let the one ask the other";
  const path = pathOf(channel, "port");
  return [atValue(source, { code: "MANIFEST_DEVICE_CLAIMED_TWICE", path, message, remedy })];
}

function checkPolicy({ written, board, source }: Analysis): ErrorReport[] {
  if (written.console === undefined || board.policy["console-port"]) return [];
  const message = `the policy of board \`${board.board}\` does not allow the console on a serial port`;
  const remedy = "remove `console`, or allow it in the policy of the board (`console-port: true`)";
  return [atKey(source, { code: "MANIFEST_POLICY_FORBIDS", path: ["console"], message, remedy })];
}
