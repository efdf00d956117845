/** The target of a bench: a real board that is enrolled with a Studio Server of this machine, with its console and its supply. */
import { openStudio } from "../../studio/src/api/server-option.ts";
import { lookUpDevice } from "../../studio/src/device/find-device.ts";
import type { StationWritten } from "../station/schema.ts";
import { openAgent } from "./agent.ts";
import { openConsole } from "./console.ts";
import { operatorsOf } from "./operators.ts";
import { openPower } from "./power.ts";
import type { Target, TargetState } from "./target.ts";

/** Takes the bench: the console is read from here on. The board is taken to be under power. */
export async function openBoard(target: Extract<StationWritten["target"], { kind: "board" }>): Promise<Target> {
  const client = await openStudio(target.server);
  const { id } = await lookUpDevice(client, target.device);
  const agent = openAgent(client, async () => id, operatorsOf(target.operator));
  const console = target.console && (await openConsole(target.console));
  const power = openPower(target);
  let state: TargetState = "booting";

  return {
    get state() {
      return state;
    },
    agent,
    expectRestart() {
      agent.forget();
      state = "booting";
    },
    async toAgent(boundMs) {
      if (state === "off") {
        agent.forget();
        await power?.on();
        state = "booting";
      }
      const status = await agent.untilReady(boundMs);
      state = "agent";
      return status;
    },
    async cutPower() {
      await power?.off();
      state = "off";
    },
    console: async () => console?.text() ?? "",
    async versions() {
      const release = (await agent.status())?.release;
      return release ? { release: release.digest, system: `${release.name} ${release.version}` } : {};
    },
    async close() {
      // A board that is left without power looks broken to who comes next.
      if (state === "off") await power?.on();
      await console?.close();
    },
  };
}
