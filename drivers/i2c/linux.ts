/**
 * The back-end on Linux's device nodes: each transfer is one I2C_RDWR. The node is opened for each, for one that is kept open would hold the
 * adapter in the kernel when it is unplugged. A transfer that hangs takes one thread of Node's pool and its bus, and nothing else.
 */
import { closeSync, openSync } from "node:fs";
import { constants as osConstants } from "node:os";
import type { I2cAddOn } from "./addon.ts";
import { type Bytes, type I2cDriver, nameOf } from "./driver.ts";
import { claimedFault, faultOf, hungFault } from "./faults.ts";

/** An adapter gives up by itself within a second (drivers/i2c/i2c-core-base.c). */
const patienceMs = 1500;
/** Nine bits at the slowest bus that is common, 10 kHz. */
const byteMs = 0.9;

/**
 * `pathOf`: the node of a bus. `deadlineMs`: of one transfer of so many bytes.
 */
export function linuxI2c(
  addOn: I2cAddOn,
  pathOf: (bus: number) => string,
  deadlineMs = (bytes: number) => patienceMs + Math.ceil(bytes * byteMs),
): I2cDriver {
  /** Buses whose last transfer has not come back. */
  const hung = new Set<number>();

  /** The error's number. Rejects at the deadline, with the bus in `hung` until the kernel is through. */
  function run(fd: number, bus: number, address: number, write: Bytes, read: Bytes): Promise<number> {
    const boundMs = deadlineMs(write.length + read.length);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        hung.add(bus);
        reject(hungFault(nameOf(bus, address), boundMs));
      }, boundMs);
      addOn.transfer(fd, address, write, read, (error) => {
        clearTimeout(timer);
        hung.delete(bus);
        closeSync(fd);
        resolve(error);
      });
    });
  }

  return {
    async transfer(bus, address, write, readLength) {
      const device = nameOf(bus, address);
      if (hung.has(bus)) throw hungFault(device, deadlineMs(0));
      const fd = open(pathOf(bus), device);
      const read = new Uint8Array(readLength);
      try {
        claim(addOn, fd, address, device);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      const error = await run(fd, bus, address, write, read);
      if (error !== 0) throw faultOf(device, error);
      return read;
    },
  };
}

function open(path: string, device: string): number {
  try {
    return openSync(path, "r+");
  } catch (cause) {
    const { code, errno = 0 } = cause as NodeJS.ErrnoException;
    // Of a node, not of an address: there is nothing behind it.
    throw faultOf(device, code === "ENXIO" ? osConstants.errno.ENODEV : -errno);
  }
}

/** Throws DEVICE_BUSY where a driver of the kernel has the address: I2C_RDWR alone would not ask. */
function claim(addOn: I2cAddOn, fd: number, address: number, device: string): void {
  const error = addOn.claim(fd, address);
  if (error === 0) return;
  throw error === osConstants.errno.EBUSY ? claimedFault(device) : faultOf(device, error);
}
