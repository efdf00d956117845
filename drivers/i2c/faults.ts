/** The kernel's errors of an I2C transfer, and what they mean (Documentation/i2c/fault-codes.rst). */
import { getSystemErrorName } from "node:util";
import { BulkheadError, type ErrorCode } from "@bulkhead/protocol";

type Fault = { readonly code: ErrorCode; readonly what: string; readonly remedy?: string };

const unanswered: Fault = {
  code: "I2C_NO_ACKNOWLEDGE",
  what: "did not acknowledge",
  remedy: "is the chip there, powered, and this its address?",
};
const gone: Fault = {
  code: "DEVICE_ABSENT",
  what: "is not there, for its bus is not",
  remedy: "look whether the board has the bus, and whether its adapter is plugged in",
};
const held = {
  code: "I2C_BUS_HUNG",
  what: "cannot be reached: a line of the bus is held",
  remedy:
    "a chip that was reset in the middle of a byte holds SDA: switch its power off and on, or clock the bus by hand",
} as const;

const faults: Readonly<Record<string, Fault>> = {
  // Which of the two stands for a NACK is the adapter's driver's choice.
  ENXIO: unanswered,
  EREMOTEIO: unanswered,
  EIO: { code: "I2C_BUS_FAILED", what: "met a fault of the bus" },
  EAGAIN: { code: "I2C_BUS_FAILED", what: "lost the bus to another master" },
  EBUSY: { code: "I2C_BUS_FAILED", what: "found the bus busy" },
  ETIMEDOUT: held,
  ENODEV: gone,
  ENOENT: gone,
  EOPNOTSUPP: { code: "DEVICE_FAILED", what: "cannot be reached: the adapter knows SMBus only" },
};

/** What became of a transfer that ended with the kernel's error of this number. */
export function faultOf(device: string, error: number): BulkheadError {
  const name = getSystemErrorName(-error);
  const { code, what, remedy } = faults[name] ?? { code: "DEVICE_FAILED", what: "failed" };
  return new BulkheadError(code, `${device} ${what} (${name})`, remedy === undefined ? {} : { remedy });
}

/** The kernel has not come back from a transfer; it cannot be told to. */
export function hungFault(device: string, deadlineMs: number): BulkheadError {
  const { code, remedy } = held;
  return new BulkheadError(code, `${device}: a transfer on its bus has not come back for ${deadlineMs} ms`, { remedy });
}

/** What package i2c-bus has no call for. */
export function uncarriedFault(device: string, writeLength: number, readLength: number): BulkheadError {
  const what = `${writeLength} bytes and, behind a repeated start, ${readLength} of an answer`;
  return new BulkheadError("I2C_TRANSFER_UNSUPPORTED", `${device}: i2c-bus cannot carry ${what}`, {
    remedy: "write `interface: i2c-rdwr` into the configuration of the driver, or ask for at most 32 bytes behind one",
  });
}

/** A driver of the kernel has the address. */
export function claimedFault(device: string): BulkheadError {
  return new BulkheadError("DEVICE_BUSY", `${device} is in the hands of a driver of the kernel`, {
    remedy: "take it out of the device tree, or unbind that driver",
  });
}
