/** Which back-end a driver uses: the compiler puts it into the configuration, by the board. */
import { BulkheadError } from "@bulkhead/protocol";
import { z } from "zod";

const either = z.object({ backend: z.enum(["simulated", "linux"]) });

/**
 * `simulated` on board `virtual`, `linux` on boards with hardware.
 *
 * @throws BulkheadError DRIVER_BACKEND_UNAVAILABLE
 */
export function backendOf(driver: string, config: unknown): "simulated" | "linux" {
  const parsed = either.safeParse(config);
  if (parsed.success) return parsed.data.backend;
  throw new BulkheadError("DRIVER_BACKEND_UNAVAILABLE", `the ${driver} driver has no such back-end`, {
    remedy: "build the system with this version of Bulkhead, whose compiler writes `backend`",
    cause: parsed.error,
  });
}
