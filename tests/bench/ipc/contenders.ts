/** Everybody who takes part: each can be asked for one round of figures, and is ended at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { until } from "../../../runtime/src/root-server/testing/bench.ts";
import { bootChannels } from "../../channels/boot.ts";
import type { CallFigures } from "./measure.ts";
import { compileFloor, type Found, findDbus, findErlang, findMosquitto, installPeers } from "./programs.ts";

export type Figures = Partial<CallFigures> & { transfers?: number; itemsPerSecond?: number };
export type Contender = {
  readonly name: string;
  readonly language: string;
  readonly version: string;
  /** One round; a contender of several rows gives them by their names. */
  round(): Promise<Record<string, Figures>>;
};

const here = import.meta.dirname;
const children: ChildProcess[] = [];

export function endAll(): void {
  for (const child of children.splice(0).reverse()) child.kill("SIGKILL");
}

/** Starts a process that says `ready` (or is ready when `isReady`). */
async function start(
  program: string,
  args: string[],
  environment: Record<string, string>,
  ready?: () => Promise<boolean>,
) {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", ready ? "ignore" : "inherit"],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  if (ready) {
    await until(ready, `${program} to be ready`);
    child.stdout.resume();
  } else await once(createInterface({ input: child.stdout }), "line");
}

/** A peer in Node: two processes of `peers/process.ts`. */
async function nodePeer(
  name: string,
  address: string,
  environment: Record<string, string>,
): Promise<Contender["round"]> {
  const script = join(here, "peers/process.ts");
  await start(process.execPath, [script, "serve", name, address], environment);
  return async () => {
    const { stdout } = await execa(process.execPath, [script, "measure", name, address], { env: environment });
    return { [name]: JSON.parse(stdout) };
  };
}

/** Ours: two components in their sandboxes; each round is a new incarnation of the one that asks. */
export async function ours(): Promise<Contender> {
  const { device, world } = await bootChannels(join(here, "system/manifest.yaml"));
  await world.line(/generation 1 .* (starts|is on trial)/);
  const asker = world.console("asker");
  let seen = 0;
  return {
    name: "bulkhead",
    language: "TypeScript, both ends in sandboxes",
    version: process.version,
    async round() {
      if (seen > 0) await device.ask("restart asker");
      const line = await until(
        () => asker.lines.filter((text) => /^\{"(result|error)"/.test(text))[seen],
        "a round",
        120_000,
      );
      seen++;
      const { result, error } = JSON.parse(line);
      if (error) throw new Error(error);
      const { plain, lease, inspected, stream } = result;
      return { bulkhead: plain, "bulkhead lease": lease, "bulkhead inspected": inspected, "bulkhead stream": stream };
    },
  };
}

export async function floor(): Promise<Contender | string> {
  const found = await compileFloor();
  if ("absent" in found) return found.absent;
  return {
    name: "C",
    language: "C, socketpair",
    version: found.version,
    round: async () => ({ C: JSON.parse((await execa(found.program)).stdout) }),
  };
}

export async function raw(directory: string): Promise<Contender> {
  const round = await nodePeer("raw", join(directory, "raw"), {});
  return { name: "raw", language: "JavaScript, node:net with callbacks", version: process.version, round };
}

/** The peers whose npm packages lie in `packages`. */
export async function brokered(directory: string): Promise<(Contender | string)[]> {
  const packages = await installPeers();
  if ("absent" in packages) return [packages.absent];
  const environment = { BENCH_PEERS: packages.program };
  const peer = async (name: string, language: string, version: string): Promise<Contender> => ({
    ...{ name, language, version },
    round: await nodePeer(name, join(directory, name), environment),
  });
  const grpc = await peer("grpc", "JavaScript, @grpc/grpc-js 1.14.7", process.version);
  const dbus = await findDbus();
  const mosquitto = await findMosquitto();
  return [
    "absent" in dbus
      ? dbus.absent
      : await startDbus(dbus, directory).then(() => peer("dbus", "daemon in C, dbus-next 0.10.2", dbus.version)),
    "absent" in mosquitto
      ? mosquitto.absent
      : await startMosquitto(mosquitto, directory).then(() =>
          peer("mqtt", "broker in C, MQTT.js 5.16.0", mosquitto.version),
        ),
    grpc,
  ];
}

async function startDbus({ program }: Found, directory: string): Promise<void> {
  const socket = join(directory, "dbus");
  const file = join(directory, "dbus.conf");
  const allow = '<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>';
  await writeFile(
    file,
    `<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth><policy context="default">${allow}</policy></busconfig>`,
  );
  const answers = () => isSocket(socket);
  await start(program, [`--config-file=${file}`, "--nofork"], {}, answers);
}

async function startMosquitto({ program, environment = {} }: Found, directory: string): Promise<void> {
  const socket = join(directory, "mqtt");
  const file = join(directory, "mosquitto.conf");
  await writeFile(
    file,
    `listener 0 ${socket}\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\nuser root\n`,
  );
  const answers = () => isSocket(socket);
  await start(program, ["-c", file], environment, answers);
}

export async function erlang(directory: string): Promise<Contender | string> {
  const found = await findErlang();
  if ("absent" in found) return found.absent;
  const script = join(here, "peers/erlang.escript");
  const address = join(directory, "erlang");
  await start(found.program, [script, "serve", address], {});
  return {
    name: "erlang",
    language: "Erlang, gen_tcp on a Unix socket",
    version: found.version,
    round: async () => ({ erlang: JSON.parse((await execa(found.program, [script, "measure", address])).stdout) }),
  };
}

const isSocket = (path: string) =>
  stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
