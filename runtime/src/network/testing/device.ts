/**
 * A device without its root server, for tests: does what the root server does with the network, in the namespace that it
 * is started in, by lines of JSON. Not part of the runtime.
 *
 *   → {id, "op":"start", system, provisioning, privateKey, backend, toolsUid, resolvers, timeServers}   ← {id, "ok":true} or {id, "ok":false, code, message}
 *   → {id, "op":"apply", namespaces, steps, toolsUid}                  ← as start
 *   → {id, "op":"restart-tunnel"}                                      ← as start
 *   → {id, "op":"ended"}                                               ← {id, "ok":true} when the network server has ended by itself
 *   → {id, "op":"log"}                                                 ← {id, "ok":true, stdout}
 *   → {id, "op":"gateway"}                                             ← {id, "ok":true, gateway, plan}: what the device shows of it
 *   → {id, "op":"time"}                                                ← {id, "ok":true, answer}: of its time servers, asked by the program in its sandbox
 *   → {id, "op":"run", namespace, argv}                                ← {id, "ok":true, exitCode, stdout, stderr}
 */

import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Provisioning, reportError, type System } from "@bulkhead/protocol";
import { execa } from "execa";
import { askerSpec, askName, askTime } from "../../asker/index.ts";
import { detectHost, mergeMounts, removeCgroups, type Sandbox, startSandbox } from "../../sandbox/index.ts";
import {
  applySteps,
  createNamespaces,
  createTunnelEnd,
  createUplink,
  firstUplink,
  type NetworkPlan,
  type NetworkStep,
  namespacePath,
  planNetwork,
  type TunnelEnd,
  type Uplink,
} from "../index.ts";
import { type NetworkServer, startNetworkServer } from "./network-server.ts";

type Start = {
  op: "start";
  system: System;
  provisioning: Provisioning;
  privateKey: string;
  backend: "auto" | "userspace" | "kernel";
  toolsUid: number | null;
  resolvers: string | string[];
  timeServers: string[];
};
type Apply = { op: "apply"; namespaces: string[]; steps: NetworkStep[]; toolsUid: number | null };
type Run = { op: "run"; namespace: string; argv: string[] };
type Request = { id: number } & (Start | Apply | Run | { op: "restart-tunnel" | "ended" | "log" | "gateway" | "time" });

const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const programDir = await mkdtemp("/run/asker-");
await chmod(programDir, 0o755);
await writeFile(
  join(programDir, "main.js"),
  `import ${JSON.stringify(new URL("../../asker/main.ts", import.meta.url).pathname)};\n`,
);
await writeFile(join(programDir, "package.json"), '{"type":"module"}\n');
/** Of no other device on this machine: pids are those of the world. */
const askerGroup = `asker-test-${randomBytes(4).toString("hex")}`;
/** The network server's, over its restarts. */
const keptDirectory = await mkdtemp("/run/kept-");
await chmod(keptDirectory, 0o777);

let started: { plan: NetworkPlan; request: Start } | undefined;
let server: NetworkServer | undefined;
let tunnelEnd: TunnelEnd | undefined;
let uplink: Uplink | undefined;

async function perform(request: Request): Promise<object> {
  switch (request.op) {
    case "start": {
      const first = firstUplink(request.provisioning, { servers: request.timeServers, uid: uidsOf(request).time });
      const plan = planNetwork(request.system, request.provisioning, first);
      await server?.kill();
      await createNamespaces(plan.namespaces);
      started = { plan, request };
      await applySteps(plan.board, request);
      uplink?.stop();
      uplink = createUplink({
        ...{ toolsUid: request.toolsUid, provisioning: request.provisioning, first, resolvers: request.resolvers },
        ...{ resolverUid: uidsOf(request).names },
        ask: (question) => askName(question, () => launchAsker(uidsOf(request).names)),
        tell: (kind, body) => server?.tell(kind, body),
        onRefused: (what) => console.error(`refused: it ${what}`),
        onChange: () => undefined,
        log: (text) => console.error(text),
      });
      await openTunnel();
      return {};
    }
    case "apply":
      await createNamespaces(request.namespaces);
      await applySteps(request.steps, request);
      return {};
    case "restart-tunnel":
      await server?.kill();
      await openTunnel();
      return {};
    case "ended":
      await server?.ended;
      return {};
    case "log":
      return { stdout: (await server?.readLog()) ?? "" };
    case "gateway":
      return { gateway: uplink?.status(), plan: uplink?.plan() };
    case "time": {
      if (!started) throw new Error("not started");
      const { request: board } = started;
      return {
        answer: await askTime({ timeServers: board.timeServers }, () => launchAsker(uidsOf(board).time)),
      };
    }
    case "run": {
      const [program = "", ...args] = ["nsenter", `--net=${namespacePath(request.namespace)}`, "--", ...request.argv];
      const { exitCode, stdout, stderr } = await execa(program, args, { input: "", reject: false });
      return { exitCode, stdout, stderr };
    }
  }
}

async function openTunnel(): Promise<void> {
  if (!started) throw new Error("not started");
  const { plan, request } = started;
  const { toolsUid: uid } = request;
  const next = await startNetworkServer({ ...request, uid, keptDirectory, onRequest: (one) => uplink?.hear(one) });
  server = next;
  tunnelEnd?.stop();
  tunnelEnd = createTunnelEnd(plan.tunnel, request, (reading) => next.tell("tunnel", reading));
  await tunnelEnd.attach();
  await uplink?.attached();
}

const uidsOf = ({ toolsUid }: Pick<Start, "toolsUid">): { names: number | null; time: number | null } =>
  toolsUid === null ? { names: null, time: null } : { names: toolsUid + 1, time: toolsUid + 3 };

/** From the sources an asker takes 42 MB of its own, as a bundle 16 MB, which is what its bound is for. */
const sourcesBytes = 128 * 1024 * 1024;

/** As the root server's, but from the sources. */
async function launchAsker(uid: number | null): Promise<Sandbox> {
  const place = {
    programDir,
    nodePath: process.execPath,
    uid,
    cgroup: `${askerGroup}/asker-${uid}`,
    stdout: 2,
  };
  const spec = await askerSpec(place);
  const mounts = mergeMounts(spec.mounts, [{ kind: "ro", source: repository, target: repository }]);
  const limits = { ...spec.limits, memoryBytes: sourcesBytes };
  return startSandbox({ ...spec, mounts, limits }, await detectHost());
}

async function answer(line: string): Promise<void> {
  const request = JSON.parse(line) as Request;
  const { id } = request;
  const result = await perform(request).then(
    (fields) => ({ id, ok: true, ...fields }),
    (error: unknown) => ({ id, ok: false, ...reportError(error) }),
  );
  console.log(JSON.stringify(result));
}

createInterface({ input: process.stdin })
  .on("line", (line) => void answer(line))
  .on("close", () => void end());

async function end(): Promise<void> {
  uplink?.stop();
  await server?.kill();
  await removeCgroups(askerGroup);
  process.exit(0);
}
