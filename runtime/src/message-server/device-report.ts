/** The whole state of the device at one moment, put together from those who know its parts. */
import type { DeviceReport, DeviceStatus } from "@bulkhead/protocol";
import type { Client, clockInterface, schedulerInterface } from "@bulkhead/sdk";

type Neighbours = { scheduler: Client<typeof schedulerInterface>; clock: Client<typeof clockInterface> };

/** A report is about now: who does not answer within this leaves his part empty. */
const deadlineMs = 1000;

/** Never throws for a neighbour that is away. */
export async function reportDevice(
  status: DeviceStatus,
  { scheduler, clock }: Neighbours,
  inspections: DeviceReport["inspections"],
): Promise<DeviceReport> {
  const orNull = <T>(answer: Promise<T>): Promise<T | null> => answer.catch(() => null);
  const [resources, usage, time] = await Promise.all([
    orNull(scheduler.report(null, { deadlineMs })),
    orNull(scheduler.usage(null, { deadlineMs })),
    orNull(clock.now(null, { deadlineMs })),
  ]);
  const { monotonicUs: _, ...now } = time ?? { monotonicUs: 0 };
  return {
    format: 1,
    atMs: Date.now(),
    status,
    resources,
    usage,
    clock: time && ({ ...now } as DeviceReport["clock"]),
    inspections,
  };
}
