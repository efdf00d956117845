/** What a driver gets of the board's devices. */
export { deviceMounts } from "./device-mounts.ts";
export { placeInterfaces } from "./interfaces.ts";
export { type Returns, watchReturns } from "./returns.ts";
