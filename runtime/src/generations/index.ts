/** What a device has installed and which of it runs. */
export * from "./tree/index.ts";
