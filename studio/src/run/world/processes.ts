/** The long-running processes of the world: started, started again when they end by themselves, stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { backOff } from "../back-off.ts";
import type { FromWorld, ProcessSpec } from "./messages.ts";

type Ended = Omit<Extract<FromWorld, { event: "ended" }>, "event">;

/** What is known of one process: it runs, or it waits for its turn to be started again. */
type Entry = { child: ChildProcess; isStopping: boolean; again: NodeJS.Timeout | undefined };

/** `onEnded` hears of every end that nobody asked for. */
export function processes(onEnded: (ended: Ended) => void) {
  const entries = new Map<string, Entry>();

  function start(spec: ProcessSpec, argv: readonly string[]): void {
    const { next } = backOff();
    const begin = () => {
      const startedAtMs = performance.now();
      const entry: Entry = { child: spawnLogged(spec, argv), isStopping: false, again: undefined };
      entries.set(spec.id, entry);
      const ended = (code: number | null, signal: string | null) => {
        const again = spec.restart && !entry.isStopping;
        if (!entry.isStopping) onEnded({ id: spec.id, code, signal, again });
        if (again) entry.again = setTimeout(begin, next(performance.now() - startedAtMs));
        else entries.delete(spec.id);
      };
      // A program that cannot be started has no exit.
      entry.child.on("error", (error) => entry.child.pid === undefined && ended(null, error.message));
      entry.child.on("exit", ended);
    };
    begin();
  }

  /** Ends a process and waits for that; it is not started again. SIGTERM asks a device to end in order. */
  async function stop(id: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const entry = entries.get(id);
    if (!entry) return;
    entry.isStopping = true;
    clearTimeout(entry.again);
    const { child } = entry;
    if (entry.again || child.pid === undefined) return void entries.delete(id);
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    if (signal === "SIGTERM" && child.stdin) child.stdin.end();
    else child.kill(signal);
    await ended;
  }

  return { start, stop };
}

function spawnLogged(spec: ProcessSpec, argv: readonly string[]): ChildProcess {
  const log = openSync(spec.logFile, "a", 0o600);
  const [program = "", ...args] = argv;
  // A device ends in order when its standard input does.
  const child = spawn(program, args, { stdio: [spec.isDevice ? "pipe" : "ignore", log, log] });
  closeSync(log);
  // What is written to one that has just died is nobody's any more.
  child.stdin?.on("error", () => undefined);
  return child;
}
