/** Releases that only the devices of a deployment can read: what is signed and shown of one, and how a device gets its key. */
export * from "./device-key.ts";
export * from "./envelope.ts";
export * from "./opens-to.ts";
