/**
 * Frames of a channel: MessagePack-RPC messages (request, response, notification) behind a length of four bytes,
 * big endian. This file holds the shapes and limits; the SDK holds the codec.
 * Source of the shapes: MessagePack-RPC specification (msgpack-rpc/spec.md).
 */
import { z } from "zod";

export const channelProtocol = 1;

/** 1 MiB: the largest reading or log batch is far below it; bulk data is not for calls. */
export const maxFrameBytes = 1024 * 1024;
/** Calls of one channel that may wait for an answer: beyond it the caller gets IPC_OVERLOADED at once. */
export const maxOutstandingCalls = 256;
export const defaultDeadlineMs = 2_000;

const callId = z.number().int().min(0).max(0xffffffff);
const operation = z.string().min(1).max(64);

export const requestFrame = z.tuple([z.literal(0), callId, operation, z.unknown()]);
export const responseFrame = z.tuple([
  z.literal(1),
  callId,
  z.union([z.null(), z.strictObject({ code: z.string().max(64), message: z.string().max(2000) })]),
  z.unknown(),
]);
export const notificationFrame = z.tuple([z.literal(2), operation, z.unknown()]);
export const frameSchema = z.union([requestFrame, responseFrame, notificationFrame]);
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
