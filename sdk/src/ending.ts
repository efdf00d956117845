/** How a component ends: with 0 after an orderly stop, with 1 after a fault; either way within a bounded time. */
import { BulkheadError, describeCause, formatError, reportError, type ToComponent } from "@bulkhead/protocol";
import type { ClientEnd } from "./channel/client.ts";
import type { ServerEnd } from "./channel/server.ts";
import type { AnyInterface } from "./component.ts";
import type { ControlEnd } from "./control-end.ts";
import type { Host } from "./process-host.ts";

/** A last word may take this long; then the process ends without it. */
const lastWordMs = 500;

export type StopHandler = () => void | Promise<void>;

/** What has to be closed. */
export type Running = {
  readonly stopHandlers: readonly StopHandler[];
  readonly ends: ReadonlyMap<string, ClientEnd<AnyInterface>>;
  readonly servers: readonly ServerEnd[];
};

export type Ending = {
  begun(): boolean;
  onEnd(callback: () => void): void;
  /** Tells the root server what went wrong and ends the process with 1. */
  fault(error: unknown): void;
  /** Lets the component finish and ends the process with 0. */
  stop(body: ToComponent["stop"], running: Running | undefined): Promise<void>;
};

export function createEnding(host: Host, control: () => ControlEnd): Ending {
  let begun = false;
  const callbacks: (() => void)[] = [];

  async function end(code: number): Promise<void> {
    for (const callback of callbacks) callback();
    await within(lastWordMs, Promise.all([control().flush(), host.flush()]));
    host.exit(code);
  }

  return {
    begun: () => begun,
    onEnd: (callback) => void callbacks.push(callback),
    fault(error) {
      if (begun) return;
      begun = true;
      const { message } = reportError(error);
      const detail = error instanceof BulkheadError ? formatError(reportError(error)) : describeCause(error);
      host.log.error("this component gives up", { detail });
      const stack = error instanceof Error ? describeCause(error) : undefined;
      control().tell("fault", { reason: message.slice(0, 2000), ...(stack && { stack: stack.slice(0, 8000) }) });
      void end(1);
    },
    async stop({ graceMs, reason }, running) {
      if (begun) return;
      begun = true;
      host.log.info(`stopping: ${reason}`);
      await within(graceMs, runStopHandlers(running?.stopHandlers ?? [], host));
      for (const clientEnd of running?.ends.values() ?? []) clientEnd.close();
      await within(lastWordMs, Promise.all((running?.servers ?? []).map((server) => server.close())));
      await end(0);
    },
  };
}

async function runStopHandlers(handlers: readonly StopHandler[], host: Host): Promise<void> {
  for (const handler of [...handlers].reverse()) {
    try {
      await handler();
    } catch (error) {
      host.log.error("a stop handler failed", { error });
    }
  }
}

/** Waits for `work`, but not longer than `limitMs`. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
