/**
 * A device without its root server, for tests: does what the root server does with the network, in the namespace that it
 * is started in, by lines of JSON. Not part of the runtime.
 *
 *   → {id, "op":"start", system, provisioning, privateKey, toolsUid}   ← {id, "ok":true} or {id, "ok":false, code, message}
 *   → {id, "op":"apply", namespaces, steps, toolsUid}                  ← as start
 *   → {id, "op":"restart-tunnel"}                                      ← as start
 *   → {id, "op":"run", namespace, argv}                                ← {id, "ok":true, exitCode, stdout, stderr}
 */
import { createInterface } from "node:readline";
import { type Provisioning, reportError, type System } from "@bulkhead/protocol";
import { execa } from "execa";
import {
  applySteps,
  createNamespaces,
  type NetworkPlan,
  type NetworkStep,
  namespacePath,
  planNetwork,
} from "../index.ts";

type Start = { op: "start"; system: System; provisioning: Provisioning; privateKey: string; toolsUid: number | null };
type Apply = { op: "apply"; namespaces: string[]; steps: NetworkStep[]; toolsUid: number | null };
type Run = { op: "run"; namespace: string; argv: string[] };
type Request = { id: number } & (Start | Apply | Run | { op: "restart-tunnel" });

let started: { plan: NetworkPlan; request: Start } | undefined;
let holder: { stop(): Promise<void> } | undefined;

async function perform(request: Request): Promise<object> {
  switch (request.op) {
    case "start": {
      const plan = planNetwork(request.system, request.provisioning);
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
      await holder?.stop();
      await openTunnel();
      return {};
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
  holder = await startHolder(request);
  await applySteps(plan.tunnel, request);
}

/** As its sandbox runs the network server: in this namespace, with no capability but the one. */
async function startHolder({ provisioning, privateKey }: Start): Promise<{ stop(): Promise<void> }> {
  const only = "-all,+net_admin";
  const capabilities = [`--inh-caps=${only}`, `--ambient-caps=${only}`, `--bounding-set=${only}`, "--no-new-privs"];
  const program = new URL("./tunnel-holder.ts", import.meta.url).pathname;
  const argv = ["--pdeathsig", "KILL", ...capabilities, "--", process.execPath, program];
  const child = execa("setpriv", argv, { stdin: "pipe", stderr: "inherit", buffer: false, reject: false });
  child.stdin.write(`${JSON.stringify({ provisioning, privateKey })}\n`);
  const ready = await new Promise<string>((resolve) => {
    child.stdout.once("data", (chunk) => resolve(String(chunk)));
    void child.then(() => resolve("ended"));
  });
  if (ready !== "ready\n") throw new Error(`the tunnel's holder: ${ready}`);
  return {
    async stop() {
      child.kill("SIGKILL");
      await child;
    },
  };
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
  .on("close", () => process.exit(0));
