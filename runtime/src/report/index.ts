/** What the device shows of itself: its state, its crashes, how it was looked at, what records a trace. */
export { createCrashReports } from "./crash-reports.ts";
export { createFileCounter } from "./open-files.ts";
export { createPacer } from "./pacer.ts";
export { createReadyLine } from "./ready-line.ts";
export { buildStatus } from "./status.ts";
export { createTraceSwitches } from "./trace-switches.ts";
export { updateState } from "./update-state.ts";
export { createWatch } from "./verification.ts";
