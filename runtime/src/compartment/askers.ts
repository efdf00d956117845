/** What the root server asks of the world outside the tunnel, each in a sandbox of its own: the gateway's name, and the time. */
import type { Answer, TimeReading } from "@bulkhead/protocol";
import { askName, askTime, createTimeKeeper, type TimeKeeper } from "../asker/index.ts";
import type { Sandbox } from "../sandbox/index.ts";
import type { LaunchPad } from "./launch.ts";
import { launchAsker } from "./launch-asker.ts";

export type Askers = {
  name(question: { name: string; resolvers: string[] }): Promise<Answer>;
  readonly time: TimeKeeper;
};

/** `watch`: makes known what is started beside which component. `tellTime`: to the clock server. */
export function createAskers(
  pad: Pick<LaunchPad, "device" | "fifos">,
  watch: (component: string, start: () => Promise<Sandbox>) => Promise<Sandbox>,
  tellTime: (reading: TimeReading) => void,
): Askers {
  const beside = (server: "network" | "clock-server") => () => watch(server, () => launchAsker(pad, server));
  return {
    name: (question) => askName(question, beside("network")),
    time: createTimeKeeper({
      ...{ servers: pad.device.config.timeServers, log: pad.device.log.line, tell: tellTime },
      ask: (question) => askTime(question, beside("clock-server")),
    }),
  };
}
