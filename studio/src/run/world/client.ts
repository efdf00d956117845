/** The launcher's side of the world: starts it and asks it for things. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BulkheadError } from "@bulkhead/protocol";
import { childrenOf, untilEnded } from "@bulkhead/runtime";
import { bulkheadDirectory } from "../../locations.ts";
import { type Privilege, userNamespaceArguments } from "../privilege.ts";
import { type FromWorld, fromWorldSchema, type ProcessSpec, type RunResult, type ToWorld } from "./messages.ts";

/** Where the world sees the checkout: on a path that every uid can walk, wherever the checkout lies. */
const checkoutInWorld = "/run/checkout";

/** The path, as the world sees it, of a file of the checkout. */
export function inWorld(path: string): string {
  return join(checkoutInWorld, relative(bulkheadDirectory, path));
}

type Ended = Extract<FromWorld, { event: "ended" }>;
// Omit over a union keeps only what all members share; this keeps each member's own.
type Request = ToWorld extends infer M ? (M extends ToWorld ? Omit<M, "call"> : never) : never;

export type World = {
  /** Process id of the world's outermost process, as the host sees it. */
  pid: number;
  attach(namespace: string, address: string): Promise<void>;
  start(process: ProcessSpec): Promise<void>;
  stop(id: string, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Runs a command in the world to its end; never throws on its exit code. */
  run(
    argv: readonly string[],
    options?: { namespace?: string; input?: string; timeoutMs?: number },
  ): Promise<RunResult>;
  /** Hears of every process that ended without being stopped. */
  onEnded(handler: (ended: Ended) => void): void;
  /** Hears when the world has ended without being closed. */
  onLost(handler: (error: Error) => void): void;
  /** Ends everything in it; resolves when the kernel has. */
  close(): Promise<void>;
};

/** Makes a world and waits until its wire is up. Throws MISSING_PRIVILEGE where the machine refuses. */
export async function openWorld(privilege: Privilege, logFile: string): Promise<World> {
  const child = spawnWorld(privilege, logFile);
  const handlers = new Set<(ended: Ended) => void>();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  let isClosing = false;
  const gone = once(child, "exit").then(([code, signal]) => `the world has ended (${signal ?? code})`);
  // Also for what is asked after its end: a message to it may still find room in the channel, an answer will not come.
  const failed = gone.then((text) => {
    throw new BulkheadError("SYSTEM_ENDED", text, { remedy: `${logFile} may say why` });
  });
  failed.catch(() => undefined);
  const up = new Promise<void>((resolve) => {
    child.on("message", (raw) => {
      const message = fromWorldSchema.parse(raw);
      if (message.event === "up") resolve();
      else if (message.event === "ended") for (const handler of handlers) handler(message);
      else settle(message);
    });
  });

  function settle(message: Extract<FromWorld, { event: "answer" | "failed" }>): void {
    const call = waiting.get(message.call);
    waiting.delete(message.call);
    if (message.event === "answer") call?.resolve(message.result);
    else call?.reject(new BulkheadError("INTERNAL", message.message));
  }

  function ask(message: Request): Promise<unknown> {
    calls += 1;
    const call = calls;
    const answer = new Promise((resolve, reject) => {
      waiting.set(call, { resolve, reject });
      child.send({ ...message, call }, (error) => error && reject(error));
    });
    return Promise.race([answer, failed]);
  }

  await Promise.race([up, failed]).catch((cause: unknown) => {
    throw new BulkheadError("MISSING_PRIVILEGE", `the world could not be made; ${logFile} says why`, { cause });
  });
  const inside = await childrenOf(child.pid ?? 0);
  return {
    pid: child.pid ?? 0,
    attach: async (namespace, address) => void (await ask({ op: "attach", namespace, address })),
    start: async (process) => void (await ask({ op: "start", process })),
    stop: async (id, signal) => {
      await ask({ op: "stop", id, signal }).catch((error: unknown) => {
        // In a world that has ended there is nothing to stop any more.
        if (child.exitCode === null && child.signalCode === null) throw error;
      });
    },
    run: async (argv, { namespace, input = "", timeoutMs = 20_000 } = {}) =>
      (await ask({ op: "run", argv: [...argv], namespace: namespace ?? null, input, timeoutMs })) as RunResult,
    onEnded: (handler) => void handlers.add(handler),
    onLost: (handler) => void failed.catch((error: Error) => isClosing || handler(error)),
    close: () => {
      isClosing = true;
      return closeWorld(child, inside);
    },
  };
}

function spawnWorld(privilege: Privilege, logFile: string): ChildProcess {
  const log = openSync(logFile, "a", 0o600);
  const namespaces = [
    ...userNamespaceArguments(privilege),
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
  const program = fileURLToPath(new URL("./main.ts", import.meta.url));
  return spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      "unshare",
      ...namespaces,
      "--propagation",
      "private",
      "--",
      process.execPath,
      program,
      bulkheadDirectory,
      checkoutInWorld,
    ],
    // Detached: Ctrl-C reaches the launcher alone, which then ends the world in order.
    { stdio: ["ignore", log, log, "ipc"], detached: true },
  );
}

/**
 * The world ends when nobody listens to it any more, and with pid 1 all of its pid namespace. unshare, once killed, is gone
 * before that is through, and a root server that is still being ended would make control groups behind who removes them.
 */
async function closeWorld(child: ChildProcess, inside: readonly number[]): Promise<void> {
  await endWorld(child);
  for (const pid of inside) await untilEnded(pid);
}

async function endWorld(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.disconnect();
  const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(timer);
}
