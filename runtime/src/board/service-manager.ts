/**
 * What systemd is told of the root server on a board: that it is ready, and that it lives (sd_notify(3), WatchdogSec=). Node cannot speak to a
 * datagram socket, so `systemd-notify` does, once for each word (decision 42). Anywhere else nobody asked, and nothing is told.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { RuntimeLog } from "../device/index.ts";

/** The generation, as far as it is looked at here. */
type Observed = { notReady(): readonly string[]; isInSafeMode(): boolean };

export type ServiceManager = {
  /**
   * To be called with each change. The root server is ready once all components are, or safe mode has them held: whoever waits for it is
   * to go on then. The slot that it runs in is good only while all are: `<runDir>/well` is there (bulkhead-slot.service).
   */
  observe(generation: Observed): void;
};

/** `environment`: NOTIFY_SOCKET and WATCHDOG_USEC as systemd.exec(5) has them. */
export function openServiceManager(
  log: Pick<RuntimeLog, "line">,
  runDir: string,
  environment: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs } = environment;
  if (socket === undefined) return { observe: () => undefined };
  const mark = join(runDir, "well");
  // Of a root server before us, which had no time to take it away.
  rmSync(mark, { force: true });
  let isReady = false;
  let wasWell = false;

  function tell(word: string): void {
    const env = { NOTIFY_SOCKET: socket, PATH: "/usr/bin:/bin" };
    execa("systemd-notify", [word], { env, extendEnv: false, timeout: 10_000 }).catch((error: Error) =>
      log.line(`systemd was not told ${word}: ${error.message}`),
    );
  }

  function feed(): void {
    const periodMs = Number(watchdogUs) / 1000;
    // A third of it, so that one word that is lost costs nothing.
    if (periodMs > 0) setInterval(() => tell("WATCHDOG=1"), periodMs / 3);
  }

  function show(well: boolean): void {
    if (well === wasWell) return;
    wasWell = well;
    if (well) writeFileSync(mark, "");
    else rmSync(mark, { force: true });
  }

  return {
    observe(generation) {
      const isSafe = generation.isInSafeMode();
      const well = !isSafe && generation.notReady().length === 0;
      show(well);
      if (isReady || !(well || isSafe)) return;
      isReady = true;
      tell("READY=1");
      feed();
    },
  };
}
