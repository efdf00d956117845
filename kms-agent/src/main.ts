/** The administrative component: the device's end of the command channel, and what fetches releases. */
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
    const own = { config: parseConfig(config), stagingDirectory, onReached };
    onStop(await startAgent({ ...own, uses, log, incarnation }));
  },
});
