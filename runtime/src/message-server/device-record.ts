/**
 * The message server's record of the device: the last good state and system that the root server pushed. What does not
 * fit the schemas is counted and not kept, so that readers always see something that was true.
 */
import {
  BulkheadError,
  type DeviceStatus,
  describeMisfit,
  deviceStatusSchema,
  type System,
  systemSchema,
} from "@bulkhead/protocol";
import { z } from "zod";

const pushSchema = z.strictObject({ status: deviceStatusSchema, system: systemSchema });

export type DeviceRecord = {
  /** Keeps a push where it is good. Answers its generation, or why it was not kept. */
  accept: (push: unknown) => { generation: number } | { refused: string };
  status: () => DeviceStatus;
  system: () => System;
  counts: () => { readonly accepted: number; readonly refused: number };
};

/** An empty record: `status` and `system` throw COMPONENT_NOT_READY until the first good push. */
export function createDeviceRecord(): DeviceRecord {
  let last: z.infer<typeof pushSchema> | undefined;
  let accepted = 0;
  let refused = 0;

  function known(): z.infer<typeof pushSchema> {
    if (last) return last;
    throw new BulkheadError("COMPONENT_NOT_READY", "the root server has not reported the state of the device yet", {
      remedy: "ask again after the notification `changed`",
    });
  }

  return {
    accept(push) {
      const parsed = pushSchema.safeParse(push);
      if (!parsed.success) {
        refused += 1;
        return { refused: describeMisfit(parsed.error, 500) };
      }
      accepted += 1;
      last = parsed.data;
      return { generation: last.status.generation };
    },
    status: () => known().status,
    system: () => known().system,
    counts: () => ({ accepted, refused }),
  };
}
