/**
 * The back-end on the package i2c-bus: SMBus requests, and plain reads and writes. Behind a repeated start it reads up to 32 bytes, after one byte of
 * a register's number; what else is combined is refused, for a write, a STOP and a read are no such transfer. All that reaches the wire
 * runs on threads of Node's pool, by the same face as our own native part, so faults, deadlines and buses that hang are one code.
 */
import { read as readNode, write as writeNode } from "node:fs";
import { createRequire } from "node:module";
import { constants as osConstants } from "node:os";
import type { I2cAddOn } from "./addon.ts";
import { type I2cDriver, nameOf } from "./driver.ts";
import { uncarriedFault } from "./faults.ts";
import { linuxI2c } from "./linux.ts";

/** Of the native part of the package, what is called here; its JavaScript opens nodes that it keeps open. */
export type I2cBusAddOn = {
  /** Ties an open node to an address. Nothing reaches the wire. Throws a NodeJS.ErrnoException. */
  setAddrSync(fd: number, address: number, force: false): void;
  readI2cBlockAsync(
    fd: number,
    command: number,
    length: number,
    buffer: Uint8Array,
    answer: (error: NodeJS.ErrnoException | null, count: number) => void,
  ): void;
};

/** I2C_SMBUS_BLOCK_MAX (linux/i2c.h). */
const longestRead = 32;

/** Loads the add-on from `file`. Throws what Node says where it does not fit this machine. */
export function loadI2cBus(file: string): I2cBusAddOn {
  return createRequire(import.meta.url)(file);
}

/** As `linuxI2c`; throws I2C_TRANSFER_UNSUPPORTED before anything is opened. */
export function i2cBus(
  native: I2cBusAddOn,
  pathOf: (bus: number) => string,
  deadlineMs?: (bytes: number) => number,
): I2cDriver {
  const driver = linuxI2c(addOnOf(native), pathOf, deadlineMs);
  return {
    async transfer(bus, address, write, readLength) {
      const isCombined = write.length > 0 && readLength > 0;
      if (!isCombined || (write.length === 1 && readLength <= longestRead))
        return driver.transfer(bus, address, write, readLength);
      throw uncarriedFault(nameOf(bus, address), write.length, readLength);
    },
  };
}

function addOnOf(native: I2cBusAddOn): I2cAddOn {
  return {
    claim(fd, address) {
      try {
        native.setAddrSync(fd, address, false);
        return 0;
      } catch (error) {
        return numberOf(error as NodeJS.ErrnoException);
      }
    },
    transfer(fd, _address, write, read, done) {
      const wanted = read.length > 0 ? read.length : write.length;
      // The kernel's drivers carry all or nothing; if one does not, the bytes are no answer.
      const answer = (error: NodeJS.ErrnoException | null, count: number) =>
        done(error ? numberOf(error) : count === wanted ? 0 : osConstants.errno.EIO);
      if (read.length === 0) writeNode(fd, write, 0, write.length, null, answer);
      else if (write.length === 0) readNode(fd, read, 0, read.length, null, answer);
      else native.readI2cBlockAsync(fd, write[0] ?? 0, read.length, read, answer);
    },
  };
}

/** node:fs has the kernel's numbers below zero, nan above. */
const numberOf = ({ errno = osConstants.errno.EIO }: NodeJS.ErrnoException): number => Math.abs(errno);
