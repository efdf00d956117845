/** What a component has around it: its sandbox, its directories, what it is told at its start. */
export { createAskers } from "./askers.ts";
export { changeChannelDirectories, changeLeases } from "./change-directories.ts";
export { watchReturns } from "./devices/index.ts";
export { makeChannelDirectories, prepareStores } from "./directories.ts";
export { greeting } from "./greeting.ts";
export { type LaunchPad, launch } from "./launch.ts";
export { makeLeases } from "./leases.ts";
export { type LogFifos, openLogFifos, runtimeLogName } from "./log-fifos.ts";
export { makeOwnDirectories, type OwnDirectories } from "./own-directories.ts";
export { privilegeOf } from "./privileges.ts";
export { isCoreOf, isCoreServer } from "./sandbox-spec.ts";
export { startConfig } from "./start-config.ts";
