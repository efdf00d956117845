/** For tests: the time server of `runtime/src/asker/time/testing`, on the wire of a world. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Behaviour } from "../../asker/time/testing/time-server.ts";
import type { World } from "./world.ts";

export const timeServer = "10.77.0.123";

const program = fileURLToPath(new URL("../../asker/time/testing/time-server.ts", import.meta.url));

export async function openTimes(world: World, behaviour: Behaviour): Promise<{ close(): Promise<void> }> {
  await world.attach("times", `${timeServer}/24`);
  const [command = "", ...args] = [...world.enter("times"), process.execPath, program, timeServer, "123"];
  const child = spawn(command, [...args, JSON.stringify(behaviour)], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
