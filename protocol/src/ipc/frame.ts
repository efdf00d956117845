/**
 * Frames of a channel: MessagePack-RPC messages (request, response, notification) and those of streams, behind a length
 * of four bytes, big endian. This file holds the shapes and limits; the SDK holds the codec.
 * Source of the shapes: MessagePack-RPC specification (msgpack-rpc/spec.md); kinds 3 to 6 are ours.
 */
import { z } from "zod";

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

const callId = z.number().int().min(0).max(0xffffffff);
const operation = z.string().min(1).max(64);
const failure = z.union([z.null(), z.strictObject({ code: z.string().max(64), message: z.string().max(2000) })]);
const creditBytes = z.number().int().min(0).max(0xffffffff);

export const requestFrame = z.tuple([z.literal(0), callId, operation, z.unknown()]);
export const responseFrame = z.tuple([z.literal(1), callId, failure, z.unknown()]);
export const notificationFrame = z.tuple([z.literal(2), operation, z.unknown()]);
/** Client → provider: id, stream, arguments, and the credit that the client grants for items it wants to read (else 0). */
export const openFrame = z.tuple([z.literal(3), callId, operation, z.unknown(), creditBytes]);
/** Writer → reader: id, item. */
export const itemFrame = z.tuple([z.literal(4), callId, z.unknown()]);
/** Reader → writer: id, bytes that may be sent in addition. */
export const creditFrame = z.tuple([z.literal(5), callId, creditBytes]);
/**
 * Of the writer: there are no more items, or why there are none. Of the reader: it wants no more of them, or why. A
 * client that writes has the provider's word only when the provider has sent one as well.
 */
export const endFrame = z.tuple([z.literal(6), callId, failure]);
export const frameSchema = z.union([
  requestFrame,
  responseFrame,
  notificationFrame,
  openFrame,
  itemFrame,
  creditFrame,
  endFrame,
]);
export type Frame = z.infer<typeof frameSchema>;

/** The first notification of both ends. `digest` is that of the interface. */
export const helloSchema = z.strictObject({
  protocol: z.number().int(),
  interface: z.string(),
  digest: z.string(),
  component: z.string(),
  incarnation: z.number().int().nonnegative(),
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
