/** Makes the asker's sandbox, for as long as one question takes: for a name beside the network server, for the time beside the clock server. */
import { askerSpec } from "../asker/index.ts";
import { resolverUid, timeUid } from "../device/index.ts";
import { type Sandbox, startSandbox } from "../sandbox/index.ts";
import type { LaunchPad } from "./launch.ts";
import { withDescriptors } from "./log-fifos.ts";

/** Whom it asks: each kind has a uid of its own, so who may ask for names does not reach a time server. */
const uids = { network: resolverUid, "clock-server": timeUid } as const;

/** Throws where it cannot be made. What goes wrong in it is written to that server's log. */
export function launchAsker(
  { device, fifos }: Pick<LaunchPad, "device" | "fifos">,
  beside: keyof typeof uids,
): Promise<Sandbox> {
  const { config, host, paths } = device;
  return withDescriptors([fifos.openWriter(beside)], async ([stdout = 1]) => {
    const place = {
      programDir: paths.shownAsker,
      nodePath: paths.shownNode,
      uid: uids[beside](config.uidBase),
      // No component's name has a dot in it.
      cgroup: `${config.instance}/${beside}.asker`,
      stdout,
    };
    return startSandbox(await askerSpec(place), host);
  });
}
