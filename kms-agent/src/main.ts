/** The administrative component: the device's end of the command channel, and what fetches releases. */
import { toCoreServer } from "@bulkhead/protocol";
import {
  clockSettingInterface,
  consoleInterface,
  defineComponent,
  deviceIdentityInterface,
  gateInterface,
  monitorInterface,
  publishedSamplesInterface,
  schedulerInterface,
} from "@bulkhead/sdk";
import { startAgent } from "./agent.ts";
import { parseConfig } from "./config.ts";

/** Where the root server mounts `<dataDir>/staging`. */
const stagingDirectory = "/staging";
/** Where it mounts the parts of a board's running slot. */
const slotParts = ["/slot/boot", "/slot/root"];
/** Where who brings a file listens; root alone can. */
const visitorSocket = "/import/socket";

export const component = defineComponent({
  uses: {
    identity: deviceIdentityInterface,
    gate: gateInterface,
    console: consoleInterface,
    samples: publishedSamplesInterface,
    monitor: monitorInterface,
    scheduler: schedulerInterface,
    clock: clockSettingInterface,
  },
  async start({ uses, config, log, incarnation, onStop, root }) {
    const onReached = () => root.tellRoot("reached", {});
    const onVisitor = (receive: (path: string) => void) =>
      root.hear("import", toCoreServer.import, () => receive(visitorSocket));
    const own = { config: parseConfig(config), stagingDirectory, slotParts, onReached, onVisitor };
    onStop(await startAgent({ ...own, uses, log, incarnation }));
  },
});
