/**
 * A process for specs: pid 1 of a world in which one root server lives. Starts it as a launcher does, again when it asks
 * for that; the lines `end` and `kill` on standard input end it in order, or at once. When this process dies, the kernel ends all of it.
 */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { exitToRestart } from "../../device/config.ts";
import { initCommand } from "../../device/init-command.ts";

const [node = "", configFile = "", main = fileURLToPath(new URL("../main.ts", import.meta.url))] =
  process.argv.slice(2);
await execa("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"]);
await mkdir("/run/netns");
await mkdir("/run/device");
await execa("ip", ["link", "set", "lo", "up"]);

let root = launch();

function launch() {
  const [program = "", ...args] = [...initCommand, node, main, "--config", configFile];
  const child = spawn(program, args, { stdio: ["pipe", "inherit", "inherit"] });
  let isKilled = false;
  child.on("exit", (code, signal) => {
    console.error(`ENDED ${code ?? signal}`);
    if (code === exitToRestart || isKilled) root = launch();
    else process.exit(code ?? 1);
  });
  return {
    end: () => child.stdin.end(),
    kill() {
      isKilled = true;
      child.kill("SIGKILL");
    },
  };
}

createInterface({ input: process.stdin }).on("line", (word) => {
  if (word === "end") root.end();
  if (word === "kill") root.kill();
});
