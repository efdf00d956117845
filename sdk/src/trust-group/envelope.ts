/**
 * What goes over the one control channel of a trust group's process: the bytes of each member's control channel, in an
 * envelope with its name, and when a member begins and ends. The root server opens; the process carries and tells.
 */
import { BulkheadError, maxFrameBytes, nameSchema } from "@bulkhead/protocol";
import { z } from "zod";
import { createFrameReader, encodeFrame, type FrameReader } from "../codec.ts";

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const data = z.tuple([z.literal("data"), nameSchema, bytes]);

/** To the process: run this member; bytes for it. */
const toGroup = z.union([z.tuple([z.literal("open"), nameSchema]), data]);
/** From the process: bytes of a member; a member's thread ended, with this code. */
const fromGroup = z.union([z.tuple([z.literal("ended"), nameSchema, z.int()]), data]);

export type ToGroup = z.infer<typeof toGroup>;
export type FromGroup = z.infer<typeof fromGroup>;

/** A frame of a member fits whole. */
const envelopeBytes = 1024;

export function encodeEnvelope(envelope: ToGroup | FromGroup): Buffer {
  return encodeFrame(envelope, maxFrameBytes + envelopeBytes);
}

/** Reads what the root server says. Throws IPC_FRAME_INVALID, IPC_FRAME_TOO_LARGE. */
export function readToGroup(onEnvelope: (envelope: ToGroup) => void): FrameReader {
  return createFrameReader((message) => onEnvelope(parse(toGroup, message)), maxFrameBytes + envelopeBytes);
}

/** Reads what the process of a trust group says, which may be anything, up to `maxBytes` of a member at a time. Throws as above. */
export function readFromGroup(onEnvelope: (envelope: FromGroup) => void, maxBytes: number): FrameReader {
  return createFrameReader((message) => onEnvelope(parse(fromGroup, message)), maxBytes + envelopeBytes);
}

function parse<T>(schema: z.ZodType<T>, message: unknown): T {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new BulkheadError("IPC_FRAME_INVALID", "a frame is no envelope of a trust group");
}
