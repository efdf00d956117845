/**
 * The shapes of frames, as schemas. Ends of a channel read frames by hand (sdk/src/channel/message.ts), for it is done for
 * every message; a test holds the two together.
 * Source of the shapes: MessagePack-RPC specification (msgpack-rpc/spec.md); kinds 3 to 6 are ours.
 */
import { z } from "zod";

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
