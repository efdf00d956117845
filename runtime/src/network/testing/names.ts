/** For tests: the name server of `runtime/src/asker/names/testing`, on the wire of a world. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Behaviour, Question } from "../../asker/names/testing/answers.ts";
import type { World } from "./world.ts";

export const resolverAddress = "10.77.0.53";
export const gatewayName = "gw.example.com";

export type Names = {
  /** All that it was asked so far. */
  readonly asked: readonly Question[];
  behave(next: Behaviour): Promise<void>;
  close(): Promise<void>;
};

const program = fileURLToPath(new URL("../../asker/names/testing/name-server.ts", import.meta.url));

export async function openNames(world: World): Promise<Names> {
  await world.attach("names", `${resolverAddress}/24`);
  const [command = "", ...args] = [...world.enter("names"), process.execPath, program, resolverAddress, "53"];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const asked: Question[] = [];
  const heard: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => heard.push(resolve));
  const ready = next();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const said = JSON.parse(line) as Question | object;
    if ("name" in said) asked.push(said);
    else heard.shift()?.();
  });
  await ready;
  return {
    asked,
    async behave(behaviour) {
      const done = next();
      child.stdin.write(`${JSON.stringify(behaviour)}\n`);
      await done;
    },
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
