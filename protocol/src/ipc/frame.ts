/**
 * Frames of a channel: MessagePack-RPC messages (request, response, notification) and those of streams, behind a length
 * of four bytes, big endian. This file holds the limits and the first message, frame-schema.ts the shapes; the SDK holds the codec.
 */
import * as z from "zod/mini";

/**
 * Of the frames below. Streams did not raise it: an end sends their frames only where the interface, whose digest both
 * ends compare, has streams.
 */
export const channelProtocol = 1;

/** 1 MiB: the largest reading or log batch is far below it; bulk data is not for calls. */
export const maxFrameBytes = 1024 * 1024;
/** Calls of one channel that may wait for an answer: beyond it the caller gets IPC_OVERLOADED at once. */
export const maxOutstandingCalls = 256;
export const defaultDeadlineMs = 2_000;
/** Streams of one channel that may be open at once: beyond it the opener gets IPC_OVERLOADED at once. */
export const maxOpenStreams = 16;
/**
 * Credit that a receiver starts with, in bytes of item frames without their length. The sender may send while it has
 * credit left, so what a receiver must hold is this and one frame.
 */
export const streamWindowBytes = 64 * 1024;

/** The first notification of both ends. `digest` is that of the interface. */
export const helloSchema = z.strictObject({
  protocol: z.int(),
  interface: z.string(),
  digest: z.string(),
  component: z.string(),
  incarnation: z.int().check(z.nonnegative()),
});
export type Hello = z.infer<typeof helloSchema>;

/** Directory of the provider's end inside its sandbox; `socket` is the file in it. */
export const providesDirectory = "/run/ipc/provides";
/** Directory of the client's end inside its sandbox. */
export const usesDirectory = "/run/ipc/uses";
/** Files of shared memory inside a sandbox: `<name>` at the client, `<client>.<name>` at the provider. */
export const leasesDirectory = "/run/ipc/leases";
/** In the sandbox of a trust group: what is one member's alone is below `<this>/<member>`, in the places of a sandbox of its own. */
export const membersDirectory = "/members";
