/** The test's end of a device (device.ts) that runs in a world. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { GatewayStatus, Provisioning, System } from "@bulkhead/protocol";
import type { TimeAnswer } from "../../asker/index.ts";
import type { NetworkStep } from "../plan.ts";
import type { World } from "./world.ts";

type Answer = {
  ok: boolean;
  code?: string;
  message?: string;
  exitCode?: number;
  stdout?: string;
  stderr?: string;
  gateway?: GatewayStatus;
  answer?: TimeAnswer;
};

export type DeviceHandle = {
  start(what: {
    system: System;
    provisioning: Provisioning;
    privateKey: string;
    backend: "auto" | "userspace" | "kernel";
    /** Addresses, or a file as a DHCP client writes it. */
    resolvers?: string | string[];
    timeServers?: string[];
  }): Promise<Answer>;
  /** What comes of asking its time servers. */
  time(): Promise<TimeAnswer | undefined>;
  /** What the device shows of a gateway that it knows by name. */
  gateway(): Promise<GatewayStatus | undefined>;
  /** Makes the namespaces and applies the steps. */
  apply(what: { namespaces: readonly string[]; steps: readonly NetworkStep[] }): Promise<Answer>;
  restartTunnel(): Promise<Answer>;
  /** Resolves when the network server has ended by itself, as one without a tunnel does. */
  ended(): Promise<Answer>;
  /** What the network server wrote. */
  readLog(): Promise<string>;
  run(namespace: string, argv: readonly string[]): Promise<Answer>;
  /** What a connect from a namespace comes to: the first bytes that the other side sends, or an errno, or TIMEOUT. */
  connect(namespace: string, host: string, port: number, options?: { from?: string; waitMs?: number }): Promise<string>;
  close(): Promise<void>;
};

/** Also prints what came when the other side closes without a word: CLOSED. */
export const clientProgram = `
const [host, port, from, waitMs] = process.argv.slice(1);
const socket = require("node:net").connect({ host, port: Number(port), ...(from && { localAddress: from }) });
const say = (text) => { console.log(text); process.exit(0); };
setTimeout(() => say("TIMEOUT"), Number(waitMs));
socket.on("data", (data) => say(String(data).trim())).on("end", () => say("CLOSED")).on("error", (e) => say(e.code));
`;

/** A device whose uplink is `namespace`. `toolsUid`: what ip and nft run as, null where there is one uid only. */
export function openDevice(world: World, namespace: string, toolsUid: number | null): DeviceHandle {
  const child = spawnDevice(world, namespace);
  const waiting = new Map<number, (answer: Answer) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, ...answer } = JSON.parse(line) as Answer & { id: number };
    waiting.get(id)?.(answer);
  });
  let requests = 0;
  const ask = (request: object): Promise<Answer> => {
    requests += 1;
    const id = requests;
    child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  const handle: DeviceHandle = {
    start: (what) => ask({ op: "start", toolsUid, resolvers: [], timeServers: [], ...what }),
    time: async () => (await ask({ op: "time" })).answer,
    gateway: async () => (await ask({ op: "gateway" })).gateway,
    apply: (what) => ask({ op: "apply", toolsUid, ...what }),
    restartTunnel: () => ask({ op: "restart-tunnel" }),
    ended: () => ask({ op: "ended" }),
    readLog: async () => (await ask({ op: "log" })).stdout ?? "",
    run: (inside, argv) => ask({ op: "run", namespace: inside, argv }),
    async connect(inside, host, port, { from = "", waitMs = 1_000 } = {}) {
      const answer = await handle.run(inside, [
        process.execPath,
        "-e",
        clientProgram,
        host,
        `${port}`,
        from,
        `${waitMs}`,
      ]);
      return answer.stdout ?? "";
    },
    async close() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
  return handle;
}

function spawnDevice(world: World, namespace: string): ChildProcessByStdio<Writable, Readable, null> {
  const program = new URL("./device.ts", import.meta.url).pathname;
  const ownRun = 'mount -t tmpfs -o mode=0755 tmpfs /run && exec "$@"';
  const argv = ["unshare", "--mount", "--", "sh", "-c", ownRun, "sh", process.execPath, program];
  const [first = "", ...rest] = [...world.enter(namespace), ...argv];
  return spawn(first, rest, { stdio: ["pipe", "pipe", "inherit"] });
}
