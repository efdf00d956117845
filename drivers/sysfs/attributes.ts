/**
 * A directory of attributes in sysfs: one value per file, as text. It is given by its path and found anew at each
 * access, so a device that was taken away and comes back is there again.
 */
import { constants, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BulkheadError, type ErrorCode } from "@bulkhead/protocol";

export type Attributes = {
  /** Without white space around it. Throws DEVICE_ABSENT, DEVICE_BUSY or DEVICE_FAILED. */
  read(attribute: string): Promise<string>;
  /** Throws DEVICE_FAILED, too, where it is not a whole number. */
  readNumber(attribute: string): Promise<number>;
  /** Undefined where the device has no such attribute. Throws DEVICE_ABSENT where there is no device. */
  readIfThere(attribute: string): Promise<string | undefined>;
  /** Throws DEVICE_VALUE_REFUSED, too. */
  write(attribute: string, value: string | number): Promise<void>;
  /** What is in the directory. Throws DEVICE_ABSENT. */
  list(): Promise<string[]>;
  /** The directory `name` in this one. */
  in(name: string): Attributes;
};

/** Not for reading, which the kernel refuses where an attribute cannot be read; and what is not there is not made. */
const writing = constants.O_WRONLY | constants.O_TRUNC;

/** What the kernel answers, and what it means to who asked. */
const meanings: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "DEVICE_ABSENT",
  ENODEV: "DEVICE_ABSENT",
  ENXIO: "DEVICE_ABSENT",
  EBUSY: "DEVICE_BUSY",
  EINVAL: "DEVICE_VALUE_REFUSED",
  ERANGE: "DEVICE_VALUE_REFUSED",
  EOPNOTSUPP: "DEVICE_VALUE_REFUSED",
};

/** `error` of a system call, as an error with a code; `subject` is what the sentence begins with. */
export function kernelError(subject: string, error: unknown): BulkheadError {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  const meaning = Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  return new BulkheadError(meaning ?? "DEVICE_FAILED", `${subject}: the kernel answers ${code}`, { cause: error });
}

/** Whether `error` says that this process may not: the attribute is another's, as sandboxes have them beside their own. */
export function isForbidden(error: unknown): boolean {
  const { code } = (error instanceof BulkheadError ? error.cause : error) as NodeJS.ErrnoException;
  return code === "EACCES" || code === "EPERM" || code === "EROFS";
}

/** `name` is the board's, for messages. */
export function openAttributes(directory: string, name: string): Attributes {
  const fail = (what: string) => (error: unknown) => {
    throw kernelError(`${name}: ${what}`, error);
  };
  /** Bytes: what a driver of the kernel writes need not be UTF-8. */
  const read = async (attribute: string): Promise<string> =>
    (await readFile(join(directory, attribute), "latin1").catch(fail(attribute))).trim();
  const list = (): Promise<string[]> => readdir(directory).catch(fail("its directory"));

  return {
    read,
    list,
    async readNumber(attribute) {
      const text = await read(attribute);
      if (/^-?\d+$/.test(text)) return Number(text);
      throw new BulkheadError("DEVICE_FAILED", `${name}: ${attribute} is ${JSON.stringify(text)}, and not a number`);
    },
    async readIfThere(attribute) {
      return (await list()).includes(attribute) ? read(attribute) : undefined;
    },
    async write(attribute, value) {
      await writeFile(join(directory, attribute), String(value), { flag: writing }).catch(
        fail(`${attribute} = ${value}`),
      );
    },
    in: (child) => openAttributes(join(directory, child), `${name}/${child}`),
  };
}
