/** What a component takes from the process that it runs in, so that tests can give it something else. */
import { createConnection, type NetConnectOpts, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BulkheadError, controlFileDescriptor } from "@bulkhead/protocol";
import { socketTransport, type Transport } from "./channel/transport.ts";
import { type ControlEnd, type ControlHandlers, openControl } from "./control-end.ts";
import { type Log, streamLog } from "./log.ts";
import { createTidying } from "./tidying.ts";
import { traceMark } from "./trace/recorder.ts";
import { memberControl, memberRoot } from "./trust-group/member.ts";

export type Host = {
  /** Takes over the control channel. */
  openControl(handlers: ControlHandlers, onEnd: (error: BulkheadError | undefined) => void): ControlEnd;
  /** What the channels go over. */
  transport: Transport;
  log: Log;
  exit(code: number): void;
  /** Hears of errors that nobody caught. */
  onUncaught(callback: (error: unknown) => void): void;
  /** Resolves when the log has been written. */
  flush(): Promise<void>;
  /** Called at each heartbeat, for what a process does when it is at rest. */
  beat?(): void;
};

/**
 * This process: file descriptor 3 is the control channel, standard output the log. In a thread of a trust group, exiting
 * ends that thread, and the process decides what it means for the others.
 *
 * @throws BulkheadError ENVIRONMENT_INVALID where there is no control channel
 */
export function processHost(): Host {
  const control = memberControl() ?? controlSocket();
  keepInspectorShut();
  return {
    openControl: (handlers, onEnd) => openControl(control, handlers, onEnd),
    transport: socketTransport,
    log: streamLog(process.stdout, traceMark),
    exit: (code) => process.exit(code),
    onUncaught(callback) {
      process.on("uncaughtException", callback);
      process.on("unhandledRejection", callback);
    },
    flush: () => new Promise((resolve) => void process.stdout.write("", () => resolve())),
    // A thread of a trust group shares its processor time with others, whose heartbeats would be late as well.
    ...(memberRoot === "" && { beat: createTidying() }),
  };
}

/** Node opens its inspector at SIGUSR1 unless somebody else listens to that signal. Who may attach it has a port for it. */
export function keepInspectorShut(): void {
  const mayOpen = process.execArgv.some((option) => option.startsWith("--inspect-port="));
  if (!mayOpen) process.on("SIGUSR1", () => undefined);
}

function controlSocket(): Duplex {
  try {
    const options = { fd: controlFileDescriptor, readable: true, writable: true };
    // Bun (1.4) reads nothing from a Socket made over a descriptor, but connects over one.
    return "Bun" in globalThis ? createConnection(options as unknown as NetConnectOpts) : new Socket(options);
  } catch (cause) {
    throw new BulkheadError(
      "ENVIRONMENT_INVALID",
      `file descriptor ${controlFileDescriptor} is not a control channel`,
      {
        remedy: "components are started by the root server: declare this one in a manifest and run that",
        cause,
      },
    );
  }
}
