/** How much may wait for one client. */
import { maxFrameBytes } from "@bulkhead/protocol";

/** While more than this waits for a client, nothing is begun for it and no more is read from it. */
export const pauseBytes = 256 * 1024;
/** What may be on its way in all: answers that wait for the client, and those that running handlers are expected to give. */
export const maxOnTheWayBytes = 8 * maxFrameBytes;
/** A client is given this long to take some of what waits for it: longer than any stop of a busy machine. */
export const defaultStallMs = 30_000;
