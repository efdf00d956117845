/** What the kernel's faults mean for who uses a pin; the two back-ends of Linux say them alike. */
import { BulkheadError, type ErrorCode } from "@bulkhead/protocol";

const meanings: Readonly<Record<string, ErrorCode>> = {
  EBUSY: "GPIO_LINE_BUSY",
  // No node; a node without a controller; the controller went.
  ENOENT: "GPIO_GONE",
  ENXIO: "GPIO_GONE",
  ENODEV: "GPIO_GONE",
};

/** Lines that are there, of a controller that tells of no change. */
export function unwatchable(name: string, cause: unknown): BulkheadError {
  return new BulkheadError("DEVICE_FAILED", `${name} cannot be watched: its line has no interrupt`, {
    remedy: "read it again and again, or take a pin whose controller has interrupts",
    cause,
  });
}

/** `what`: the pins, and what was asked of them. */
export function gpioFault(what: string, cause: unknown): BulkheadError {
  if (cause instanceof BulkheadError) return cause;
  const name = (cause as { code?: unknown } | null)?.code;
  const code = (typeof name === "string" && meanings[name]) || "DEVICE_FAILED";
  return new BulkheadError(code, what, { cause });
}
