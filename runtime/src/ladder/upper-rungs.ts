/** The rungs of the ladder above safe mode: the generation before this one, and a reboot of the board. */
import { reportError } from "@bulkhead/protocol";
import type { Device } from "../device/index.ts";
import type { Ledger } from "../generations/index.ts";
import type { Escalation } from "../processes/index.ts";
import { openReboots } from "./reboots.ts";
import { watchSlot } from "./slot-watch.ts";

export type UpperRungs = {
  /** Takes the rung. `choose`: the previous generation is current now. */
  climb(escalation: Escalation): Promise<"choose" | "stay">;
  /** The reboot is due now, and counted; false where it is not to be made. */
  reboot(reason: string): Promise<boolean>;
  /** To be called after each change: whether all is as it should be. */
  observe(isWell: boolean): void;
  /** A person or a new release has taken a hand in it. */
  forgive(): Promise<void>;
  /** The generation ends: what was planned for it is off. */
  callOff(): void;
};

/** `onDue` is called when the wait before a reboot is over. */
export async function openUpperRungs(
  device: Device,
  ledger: Ledger,
  onDue: (reason: string) => void,
): Promise<UpperRungs> {
  const { log } = device;
  const reboots = await openReboots(device);
  const slot = watchSlot(ledger);
  let planned: NodeJS.Timeout | undefined;

  function planReboot(reason: string): void {
    if (planned) return;
    const delayMs = reboots.nextInMs();
    if (delayMs === null) {
      log.line(`reboots did not help; the device stays in safe mode until a person restarts it: ${reason}`);
      return;
    }
    log.line(`the device reboots in ${Math.round(delayMs / 1000)} s: ${reason}`);
    planned = setTimeout(() => onDue(reason), delayMs);
  }

  return {
    async climb({ to, reason }) {
      if (to === "group" || to === "safe-mode") return "stay";
      if (to === "previous-generation") {
        const refusal = await ledger.goBack(reason).catch((error: unknown) => reportError(error).message);
        if (refusal === null) return "choose";
        log.line(`the previous generation cannot take over: ${refusal}`);
      }
      planReboot(reason);
      return "stay";
    },
    async reboot(reason) {
      const isCounted = await reboots.count();
      if (!isCounted)
        log.line(`the device stays in safe mode: a reboot that is not counted could be one without end: ${reason}`);
      return isCounted;
    },
    observe(isWell) {
      reboots.observe(isWell);
      slot.observe(isWell);
    },
    forgive: reboots.forgive,
    callOff() {
      clearTimeout(planned);
      planned = undefined;
      reboots.stop();
      slot.observe(false);
    },
  };
}
