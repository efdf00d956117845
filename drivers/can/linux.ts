/** The back-end on Linux's CAN interfaces: a raw socket for each client, with filters in the kernel. */
import { BulkheadError } from "@bulkhead/protocol";
import type { CanAddOn, RawChannel, RawFilter, RawFrame } from "./addon.ts";
import type { CanDriver, CanState } from "./driver.ts";

/** linux/can.h: flags of an identifier. */
const extended = 0x8000_0000;
const remote = 0x4000_0000;
const lastStandard = 0x7ff;

/** linux/can/error.h: kinds of errors, and in the second byte of those of the controller its state. */
const controllerError = 0x004;
const busOff = 0x040;
const restarted = 0x100;
const passive = 0x30;
const warning = 0x0c;
const activeAgain = 0x40;

export function linuxCan(addOn: CanAddOn): CanDriver {
  return {
    open(device, receive, listener) {
      const channel = openChannel(addOn, device);
      const granted = new Set(receive);
      let state: CanState = "active";
      let isOpen = true;
      channel.setRxFilters(filtersOf(receive));
      channel.addListener("onStopped", () => {
        if (isOpen) listener.onGone();
        isOpen = false;
      });
      channel.addListener("onMessage", (frame) => {
        if (!isOpen) return;
        if (!frame.err) {
          // Also here: the socket is bound before it has its filters, and keeps what came between.
          if (isGranted(frame, granted)) listener.onFrame(heard(frame));
          return;
        }
        const next = stateOf(frame);
        if (next === undefined || next === state) return;
        state = next;
        listener.onState(state);
      });
      channel.start();
      return {
        send({ id, data }) {
          if (!isOpen) throw absent(device);
          const frame = { id, ext: id > lastStandard, rtr: false, data: Buffer.from(data) };
          if (channel.send(frame) > 0) return;
          if (state === "off") throw new BulkheadError("CAN_BUS_OFF", `${device} takes no part in its bus any more`);
          throw new BulkheadError("CAN_NOT_SENT", `${device} is down, or its queue is full`, {
            remedy: "look whether somebody else is on the bus: a frame that nobody acknowledges stays in the queue",
          });
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          channel.stop();
        },
      };
    },
  };
}

function openChannel(addOn: CanAddOn, device: string): RawChannel {
  try {
    return new addOn.RawChannel(device, true, 1, true);
  } catch (cause) {
    throw absent(device, cause);
  }
}

function absent(device: string, cause?: unknown): BulkheadError {
  return new BulkheadError("DEVICE_ABSENT", `the CAN interface ${device} is not there, or was taken away`, { cause });
}

/** Data frames of these identifiers alone. No filter would let everything pass, so for nothing there is one that nothing passes. */
export function filtersOf(receive: readonly number[]): RawFilter[] {
  if (receive.length === 0) return [{ id: 0, mask: 0, invert: true }];
  return receive.map((id) =>
    id > lastStandard
      ? { id: (id | extended) >>> 0, mask: (0x1fff_ffff | extended | remote) >>> 0 }
      : { id, mask: (lastStandard | extended | remote) >>> 0 },
  );
}

/** What the filters let pass: data frames of these identifiers, each in its own format. */
function isGranted({ id, ext = false, rtr = false }: RawFrame, granted: ReadonlySet<number>): boolean {
  return granted.has(id) && ext === id > lastStandard && !rtr;
}

function heard({ id, data, ts_sec: seconds = 0, ts_usec: micros = 0 }: RawFrame) {
  return { id, data: Uint8Array.from(data), timeUs: seconds * 1_000_000 + micros };
}

/** Undefined for what is no news of the state: a lost arbitration, a missing acknowledgement, a broken bit. */
export function stateOf({ id, data }: Pick<RawFrame, "id" | "data">): CanState | undefined {
  if (id & busOff) return "off";
  if (id & restarted) return "active";
  if (!(id & controllerError)) return undefined;
  const controller = data[1] ?? 0;
  if (controller & passive) return "passive";
  if (controller & warning) return "warning";
  return controller & activeAgain ? "active" : undefined;
}
