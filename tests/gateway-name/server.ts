/** The name server of the resolver's tests as a process in another network namespace. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Behaviour } from "../../runtime/src/asker/names/testing/answers.ts";

const program = fileURLToPath(new URL("../../runtime/src/asker/names/testing/name-server.ts", import.meta.url));

/** `enter`: the command that runs what follows it in the namespace. Says nothing to anybody until it is told how to behave. */
export async function openServer(enter: readonly string[], address: string) {
  const [command = "", ...args] = [...enter, process.execPath, program, address, "53"];
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const heard: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => heard.push(resolve));
  const ready = next();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!("name" in JSON.parse(line))) heard.shift()?.();
  });
  await ready;
  return {
    async behave(behaviour: Behaviour): Promise<void> {
      const done = next();
      child.stdin.write(`${JSON.stringify(behaviour)}\n`);
      await done;
    },
    async close(): Promise<void> {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
