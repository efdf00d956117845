/**
 * What systemd is told of the root server on a board: that it is ready, and that it lives (sd_notify(3), WatchdogSec=). Node cannot speak to a
 * datagram socket, so `systemd-notify` does, once for each word (decision 38). Anywhere else nobody asked, and nothing is told.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { RuntimeLog } from "../device/index.ts";

export type ServiceManager = {
  /** To be called with each change: `well`, all components are ready; `settled`, they are, or safe mode has them held. */
  observe(state: { readonly well: boolean; readonly settled: boolean }): void;
  /** The root server ends. */
  stop(): void;
};

/** `environment`: NOTIFY_SOCKET and WATCHDOG_USEC as systemd.exec(5) has them; `runDir`: gets the file `well` while all is. */
export function openServiceManager(
  log: Pick<RuntimeLog, "line">,
  runDir: string,
  environment: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs } = environment;
  if (socket === undefined) return { observe: () => undefined, stop: () => undefined };
  const mark = join(runDir, "well");
  let isReady = false;
  let wasWell = false;
  let feeding: NodeJS.Timeout | undefined;

  function tell(...words: string[]): void {
    const env = { NOTIFY_SOCKET: socket, PATH: "/usr/bin:/bin" };
    execa("systemd-notify", words, { env, extendEnv: false, timeout: 10_000 }).catch((error: Error) =>
      log.line(`systemd was not told ${words.join(" ")}: ${error.message}`),
    );
  }

  function feed(): void {
    const periodMs = Number(watchdogUs) / 1000;
    if (!(periodMs > 0)) return;
    // A third of it, so that one word that is lost costs nothing.
    feeding = setInterval(() => tell("WATCHDOG=1"), periodMs / 3);
  }

  return {
    observe({ well, settled }) {
      if (well !== wasWell) {
        if (well) writeFileSync(mark, "");
        else rmSync(mark, { force: true });
        wasWell = well;
      }
      if (isReady || !settled) return;
      isReady = true;
      tell("--ready");
      feed();
    },
    stop() {
      clearInterval(feeding);
      rmSync(mark, { force: true });
      if (isReady) tell("STOPPING=1");
    },
  };
}
