/** A CAN bus as one client may use it: the grant names the identifiers that it sends and those that it hears. Data frames; 11 and 29 bits. */
import { canBusGrant } from "@bulkhead/protocol";
import { defineInterface } from "@bulkhead/sdk";
import { z } from "zod";
import { canStates } from "./driver.ts";

/** Above 0x7ff: an extended one. */
const id = z.number().int().min(0).max(0x1fff_ffff);
const state = z.enum(canStates);

/** Frames that wait for a reader; of more the oldest are dropped, and counted. */
export const keptFrames = 256;

export const canBusInterface = defineInterface({
  name: "can-bus",
  grant: canBusGrant,
  operations: {
    /** Answered when the interface has queued it. CAN_BUS_OFF, or CAN_NOT_SENT where the queue is full or the interface is down. */
    send: {
      arguments: z.strictObject({
        id,
        data: z.instanceof(Uint8Array).refine((data) => data.length <= 8, "a frame has at most 8 bytes"),
      }),
      result: z.null(),
      idempotent: false,
    },
    /** As last told by the controller. It comes back from `off` by itself where the board file says so. */
    state: { arguments: z.null(), result: z.strictObject({ state }), idempotent: true },
  },
  notifications: { state: z.strictObject({ state }) },
  streams: {
    /**
     * What is heard from now on. `lost`: frames that the driver dropped before this one, for they were not read; what the controller or the
     * kernel dropped before that (a driver that gets no time to run) is in no count. `timeUs`: since 1970, by the kernel.
     */
    frames: {
      arguments: z.null(),
      item: z.strictObject({
        id,
        data: z.instanceof(Uint8Array),
        timeUs: z.number().int().nonnegative(),
        lost: z.number().int().nonnegative(),
      }),
      direction: "from-provider",
    },
  },
  refuse(grant, operation, args) {
    if (operation !== "send") return undefined;
    const asked = (args as { id: number }).id;
    return grant.send.includes(asked) ? undefined : `the channel does not grant sending 0x${asked.toString(16)}`;
  },
});
