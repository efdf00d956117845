/** The target of a bench: a real board that is enrolled with a Studio Server of this machine, with its console, its shell by ssh and its supply. */
import { openStudio } from "../../studio/src/api/server-option.ts";
import { lookUpDevice } from "../../studio/src/device/find-device.ts";
import type { RealBoard } from "../station/real-board.ts";
import { openAgent } from "./agent.ts";
import { openConsole } from "./console.ts";
import { operatorsOf } from "./operators.ts";
import { openPower } from "./power.ts";
import { openSshShell, type SshShell } from "./ssh/shell.ts";
import { watchStartBySsh } from "./ssh/start.ts";
import type { Target, TargetState } from "./target.ts";

/** Takes the bench: the console is read from here on. The board is taken to be under power. `file`: the station's, for who has to change it. */
export async function openBoard(target: RealBoard, file: string): Promise<Target> {
  const client = await openStudio(target.server);
  const { id } = await lookUpDevice(client, target.device);
  const agent = openAgent(client, async () => id, operatorsOf(target.operator));
  // Before the console, which somebody has to give back.
  const shell = target.ssh && (await openSshShell({ ssh: target.ssh, file }));
  const console = target.console && (await openConsole(target.console));
  const power = openPower(target);
  let state: TargetState = "booting";

  const giveItPower = async () => {
    if (state !== "off") return;
    agent.forget();
    await power?.on();
    state = "booting";
  };
  const byShell = (its: SshShell): Pick<Target, "toShell" | "watchStart"> => ({
    async toShell(boundMs) {
      await giveItPower();
      await its.untilThere(boundMs);
      if (state === "booting") state = "shell";
      return its;
    },
    watchStart: () => watchStartBySsh(its),
  });

  return {
    ...(shell && byShell(shell)),
    get state() {
      return state;
    },
    agent,
    expectRestart() {
      agent.forget();
      state = "booting";
    },
    async toAgent(boundMs) {
      await giveItPower();
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
      // A board that says nothing at the end has said enough in the tests before.
      const kernel = await shell?.run("uname -r", 10_000).catch(() => undefined);
      return {
        ...(kernel && { kernel: kernel.trim() }),
        ...(release && { release: release.digest, system: `${release.name} ${release.version}` }),
      };
    },
    async close() {
      // A board that is left without power looks broken to who comes next.
      if (state === "off") await power?.on();
      shell?.close();
      await console?.close();
    },
  };
}
