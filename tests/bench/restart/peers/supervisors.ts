/** The peers: each starts one command, and starts it again when it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cache, unpack } from "./debian.ts";

export type Supervisor = {
  readonly name: string;
  readonly version: string;
  readonly note: string;
  start(command: readonly string[], directory: string): Promise<{ stop(): Promise<void> }>;
};

const quoted = (command: readonly string[]) => command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");

/** A service of runit or s6. */
export async function writeRun(directory: string, command: readonly string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "run"), `#!/bin/sh\nexec ${quoted(command)}\n`);
  await chmod(join(directory, "run"), 0o755);
}

// Asked to end first: who is killed leaves its service behind.
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

export async function runit(): Promise<Supervisor> {
  const { root, environment, version } = await unpack(["runit"]);
  return {
    name: "runit",
    version,
    note: "C",
    async start(command, directory) {
      await writeRun(directory, command);
      const child = spawn(join(root, "usr/bin/runsv"), [directory], { env: environment, stdio: "ignore" });
      return { stop: () => end(child) };
    },
  };
}

export async function s6(): Promise<Supervisor> {
  const { environment, version } = await unpack(["s6", "libs6-2.11", "libskarnet2.13", "libexecline2.9", "execline"]);
  return {
    name: "s6",
    version,
    note: "C; waits a second between starts by design",
    async start(command, directory) {
      await writeRun(directory, command);
      const child = spawn("s6-supervise", [directory], { env: environment, stdio: "ignore" });
      return {
        async stop() {
          await execa("s6-svc", ["-x", "-k", directory], { env: environment, reject: false });
          await end(child);
        },
      };
    },
  };
}

export const pm2Version = "7.0.4";

/** Returns its program, fetched into the cache. */
export async function installPm2(): Promise<string> {
  const place = join(cache, `pm2-${pm2Version}`);
  await mkdir(place, { recursive: true });
  await execa("npm", ["install", "--prefix", place, "--no-audit", "--no-fund", "--no-save", `pm2@${pm2Version}`]);
  return join(place, "node_modules/pm2/bin/pm2");
}

export async function pm2(): Promise<Supervisor> {
  const program = await installPm2();
  return {
    name: "pm2",
    version: pm2Version,
    note: "JavaScript, on the same Node",
    async start([command = "", ...args], directory) {
      await mkdir(directory, { recursive: true });
      const env = { PM2_HOME: directory };
      const path = (await execa("which", [command])).stdout;
      await execa(process.execPath, [program, "start", path, "--interpreter", "none", "--", ...args], { env });
      return { stop: async () => void (await execa(process.execPath, [program, "kill"], { env })) };
    },
  };
}

/** A supervisor with one worker that owns a port; the port's program is the command. */
const erlangModule = `-module(bench).
-behaviour(supervisor).
-export([main/1, init/1, worker/1, loop/1]).
main(Command) -> {ok, _} = supervisor:start_link({local, bench}, ?MODULE, Command), receive stop -> ok end.
init(Command) -> {ok, {#{strategy => one_for_one, intensity => 1000, period => 1},
  [#{id => echo, start => {?MODULE, worker, [Command]}}]}}.
worker([Program | Arguments]) -> {ok, spawn_link(fun() ->
  loop(open_port({spawn_executable, Program}, [{args, Arguments}, exit_status])) end)}.
loop(Port) -> receive {Port, {exit_status, _}} -> exit(gone); _ -> loop(Port) end.
`;

export async function erlang(): Promise<Supervisor> {
  const { root, environment, version } = await unpack(["erlang-base", "libtinfo6"]);
  return {
    name: "Erlang/OTP supervisor",
    version,
    note: "BEAM; its worker owns the command by a port",
    async start(command, directory) {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "bench.erl"), erlangModule);
      const env = { ...environment, ROOTDIR: `${root}/usr/lib/erlang`, HOME: directory };
      const program = (await execa("which", [command[0] ?? ""])).stdout;
      const words = [program, ...command.slice(1)].map((word) => `"${word}"`).join(",");
      const start = `{ok, bench} = compile:file("bench"), bench:main([${words}]).`;
      const child = spawn(
        `${root}/usr/lib/erlang/bin/erl`,
        ["-noshell", "-boot", `${root}/usr/lib/erlang/bin/start_clean`, "-eval", start],
        {
          ...{ env, cwd: directory },
          stdio: "ignore",
        },
      );
      return { stop: () => end(child) };
    },
  };
}
