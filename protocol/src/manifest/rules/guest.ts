/** A guest has its channels, which are ports of its machine. What is a mount in other sandboxes does not reach into it. */
import type { ErrorReport } from "../../errors.ts";
import { type Analysis, atKey, atValue, type Rule } from "../analysis.ts";
import type { Path } from "../source.ts";

/** virtio-serial has 31 ports; a console, the control channel and the log take one each. */
const mostChannels = 28;

export const guestRule: Rule = (analysis) =>
  Object.entries(analysis.plan.components).flatMap(([name, { runner }]) =>
    runner === "vm"
      ? [...checkMounts(analysis, name), ...checkLeases(analysis, name), ...checkPorts(analysis, name)]
      : [],
  );

function checkMounts({ plan, source }: Analysis, name: string): ErrorReport[] {
  const { network, storage } = plan.components[name] ?? {};
  const more = [...(network?.length ? ["network"] : []), ...(storage?.quotaBytes ? ["storage"] : [])];
  return more.map((key) => {
    const message = `\`${name}\` is a guest: it has its channels and no ${key}`;
    return atKey(source, report(["components", name, key], message, `remove \`${key}\``));
  });
}

function checkLeases({ plan, source }: Analysis, name: string): ErrorReport[] {
  const shared = plan.channels.filter(
    ({ client, provider, leaseBytes }) => leaseBytes > 0 && [client, provider].includes(name),
  );
  const message = `\`${name}\` is a guest: it shares no memory with others`;
  return shared.map(({ client, name: channel }) =>
    atKey(source, report(["components", client, "uses", channel, "lease"], message, "remove `lease`")),
  );
}

function checkPorts({ plan, source }: Analysis, name: string): ErrorReport[] {
  const channels = plan.channels.filter(({ client, provider }) => [client, provider].includes(name)).length;
  if (channels <= mostChannels) return [];
  const message = `\`${name}\` is a guest: its machine has ${mostChannels} ports for channels, and these are ${channels}`;
  return [atValue(source, report(["components", name, "runner"], message, "divide it, or use the runner `native`"))];
}

function report(path: Path, message: string, remedy: string) {
  return { code: "MANIFEST_INVALID_VALUE", path, message, remedy } as const;
}
