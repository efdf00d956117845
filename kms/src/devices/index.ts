/** Devices: the registry, what they reported, what happened to them. */

export { type CrashReports, createCrashReports } from "./crashes.ts";
export { listEvents, recordEvent } from "./incidents.ts";
export { createMemoryBound } from "./newest.ts";
export { createObservations, type Observations } from "./observations.ts";
export { takeOverdue } from "./overdue.ts";
export { invitationOf, provisioningOf } from "./provisioning.ts";
export {
  checkTunnelKey,
  type DeviceRow,
  deleteDevice,
  enrolDevice,
  findDevice,
  findDeviceByNumber,
  getDevice,
  listDevices,
} from "./registry.ts";
export { saveLastSeen, saveManifest, saveOpening, saveRhythm, saveStatus } from "./reports.ts";
export { createResourceReports, type ResourceReports } from "./resources.ts";
export { type Presence, summariseDevice } from "./summary.ts";
