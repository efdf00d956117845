/** The vocabulary that every part of Bulkhead shares. No input or output happens here. */
export * from "./address.ts";
export * from "./canonical-json.ts";
export * from "./command-channel.ts";
export * from "./crash.ts";
export * from "./crypto.ts";
export * from "./errors.ts";
export * from "./grants.ts";
export * from "./images.ts";
export * from "./ipc/control.ts";
export * from "./ipc/frame.ts";
export * from "./names.ts";
export * from "./provisioning.ts";
export * from "./release.ts";
export * from "./resources.ts";
export * from "./status.ts";
export * from "./system.ts";
