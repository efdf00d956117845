/** The back-end on Linux's device nodes. */
import { getSystemErrorName } from "node:util";
import { BulkheadError } from "@bulkhead/protocol";
import type { RawDevice, SpiAddOn } from "./addon.ts";
import type { SpiDriver } from "./driver.ts";

/** The board's name ends with bus and chip select: `spi-1.0`, `spidev1.0`. */
const named = /(?<bus>\d+)\.(?<select>\d+)$/;
const gone = ["ENOENT", "ENODEV", "ENXIO", "ESHUTDOWN"];

export function linuxSpi(addOn: SpiAddOn): SpiDriver {
  return {
    async open(device, { speed: maxSpeedHz, mode }) {
      const raw = await openRaw(addOn, device, { mode, maxSpeedHz });
      return {
        transfer(write, speedHz) {
          const [sendBuffer, receiveBuffer] = [Buffer.from(write), Buffer.alloc(write.length)];
          return new Promise((resolve, reject) => {
            raw.transfer([{ byteLength: write.length, sendBuffer, receiveBuffer, speedHz }], (error) => {
              if (error) reject(faultOf(device, error));
              else resolve(Uint8Array.from(receiveBuffer));
            });
          });
        },
        close: () => new Promise((resolve) => raw.close(() => resolve())),
      };
    },
  };
}

function openRaw(addOn: SpiAddOn, device: string, options: { mode: number; maxSpeedHz: number }): Promise<RawDevice> {
  const { bus, select } = named.exec(device)?.groups ?? {};
  return new Promise((resolve, reject) => {
    if (bus === undefined || select === undefined) {
      const remedy = "name it in the board file by bus and chip select: `spi-1.0`";
      reject(new BulkheadError("DEVICE_ABSENT", `${device} says neither bus nor chip select`, { remedy }));
      return;
    }
    const raw = addOn.open(Number(bus), Number(select), options, (error) => {
      if (error) reject(faultOf(device, error));
      else resolve(raw);
    });
  });
}

/** The kernel's name of a fault: of some, ESHUTDOWN among them, the add-on's errors have the number alone. */
function reasonOf({ errno = 0, code, message }: NodeJS.ErrnoException): string {
  return code || (errno > 0 ? getSystemErrorName(-errno) : message);
}

function faultOf(device: string, cause: NodeJS.ErrnoException): BulkheadError {
  const reason = reasonOf(cause);
  if (gone.includes(reason))
    return new BulkheadError("DEVICE_ABSENT", `${device} is not there, or was taken away`, { cause });
  if (reason !== "EINVAL") return new BulkheadError("DEVICE_FAILED", `${device} failed (${reason})`, { cause });
  return new BulkheadError("DEVICE_VALUE_REFUSED", `${device} takes neither this mode nor this clock`, {
    remedy: "look at what the controller can do, and write another `mode` or `speed` into the grant",
    cause,
  });
}
