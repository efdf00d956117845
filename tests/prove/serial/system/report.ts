/** What the reader keeps in /tmp/report.json for the test. */
import type { CrashRecord, DeviceStatus, LogLine } from "@bulkhead/protocol";

export type Report = {
  /** The whole ring of the console, as it is read from its oldest line on. */
  readonly lines: readonly LogLine[];
  readonly crashes: readonly CrashRecord[];
  readonly status: DeviceStatus;
};
