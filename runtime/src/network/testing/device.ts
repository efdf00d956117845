/**
 * A device without its root server, for tests: does what the root server does with the network, in the namespace that it
 * is started in, by lines of JSON. Not part of the runtime.
 *
 *   → {id, "op":"start", system, provisioning, privateKey, backend, toolsUid}   ← {id, "ok":true} or {id, "ok":false, code, message}
 *   → {id, "op":"apply", namespaces, steps, toolsUid}                  ← as start
 *   → {id, "op":"restart-tunnel"}                                      ← as start
 *   → {id, "op":"ended"}                                               ← {id, "ok":true} when the network server has ended by itself
 *   → {id, "op":"log"}                                                 ← {id, "ok":true, stdout}
 *   → {id, "op":"run", namespace, argv}                                ← {id, "ok":true, exitCode, stdout, stderr}
 */
import { createInterface } from "node:readline";
import { type Provisioning, reportError, type System } from "@bulkhead/protocol";
import { execa } from "execa";
import {
  applySteps,
  createNamespaces,
  createTunnelEnd,
  type NetworkPlan,
  type NetworkStep,
  namespacePath,
  planNetwork,
  type TunnelEnd,
} from "../index.ts";
import { type NetworkServer, startNetworkServer } from "./network-server.ts";

type Start = {
  op: "start";
  system: System;
  provisioning: Provisioning;
  privateKey: string;
  backend: "auto" | "userspace" | "kernel";
  toolsUid: number | null;
};
type Apply = { op: "apply"; namespaces: string[]; steps: NetworkStep[]; toolsUid: number | null };
type Run = { op: "run"; namespace: string; argv: string[] };
type Request = { id: number } & (Start | Apply | Run | { op: "restart-tunnel" | "ended" | "log" });

let started: { plan: NetworkPlan; request: Start } | undefined;
let server: NetworkServer | undefined;
let tunnelEnd: TunnelEnd | undefined;

async function perform(request: Request): Promise<object> {
  switch (request.op) {
    case "start": {
      const plan = planNetwork(request.system, request.provisioning);
      await server?.kill();
      await createNamespaces(plan.namespaces);
      started = { plan, request };
      await applySteps(plan.board, request);
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
  const next = await startNetworkServer({ ...request, uid: request.toolsUid });
  server = next;
  tunnelEnd?.stop();
  tunnelEnd = createTunnelEnd(plan.tunnel, request, (reading) => next.tell("tunnel", reading));
  await tunnelEnd.attach();
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
  .on("close", () => void (server?.kill() ?? Promise.resolve()).finally(() => process.exit(0)));
