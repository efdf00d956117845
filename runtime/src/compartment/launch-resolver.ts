/** Makes the resolver's sandbox: beside the network server, for as long as one question takes. */
import { resolverUid } from "../device/index.ts";
import { resolverSpec } from "../resolver/index.ts";
import { type Sandbox, startSandbox } from "../sandbox/index.ts";
import type { LaunchPad } from "./launch.ts";
import { withDescriptors } from "./log-fifos.ts";

/** Throws where it cannot be made. What goes wrong in it is written to the network server's log. */
export function launchResolver({ device, fifos }: Pick<LaunchPad, "device" | "fifos">): Promise<Sandbox> {
  const { config, host, paths } = device;
  return withDescriptors([fifos.openWriter("network")], async ([stdout = 1]) => {
    const place = {
      programDir: paths.shownResolver,
      nodePath: paths.shownNode,
      uid: resolverUid(config.uidBase),
      // No component's name has a dot in it.
      cgroup: `${config.instance}/network.resolver`,
      stdout,
    };
    return startSandbox(await resolverSpec(place), host);
  });
}
