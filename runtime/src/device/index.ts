/** What stays the same while the root server runs: the device, its places, its configuration and its own lines. */
export { exitToReboot, exitToRestart, parseFile, readConfig } from "./config.ts";
export { type Device, type DevicePaths, devicePaths, resolverUid, timeUid, type UidOf, uidTable } from "./device.ts";
export { lackingPrimitives } from "./primitives.ts";
export { createRuntimeLog, type RuntimeLog } from "./runtime-log.ts";
export { showDevice, showDirectories, showReadable, showTunDevice } from "./view.ts";
