/** What the author of a component imports. */

export { type CallSide, setTraceSink, type TraceSink } from "./channel/trace-sink.ts";
export * from "./codec.ts";
export * from "./component.ts";
export * from "./interface.ts";
export * from "./interfaces/clock.ts";
export * from "./interfaces/console.ts";
export * from "./interfaces/gate.ts";
export * from "./interfaces/keys.ts";
export * from "./interfaces/monitor.ts";
export * from "./interfaces/samples.ts";
export * from "./interfaces/scheduler.ts";
export {
  maxSerialWriteBytes,
  type SerialSettings,
  serialPortInterface,
  serialSettings,
} from "./interfaces/serial-port.ts";
export { type LeaseHandle, leaseHandle } from "./lease/handle.ts";
export type { ClientLease, LeasePiece, ProviderLease } from "./lease/lease.ts";
export { createLog, type Log, type LogFields } from "./log.ts";
export { keepInspectorShut } from "./process-host.ts";
export { recordDirectory, recordFileName } from "./record/recorded-host.ts";
export { type RunOptions, runComponent } from "./run-component.ts";
export { openStorage, type Storage, storageDirectory } from "./storage.ts";
export { readBoundedText, withBoundedFile } from "./trace/bounded-file.ts";
export { counterFileName } from "./trace/counters.ts";
export { createTraceRecorder, type TraceRecorder, traceDirectory, traceMark } from "./trace/recorder.ts";
export { openSegments, type ReadLimits, readNews, readSegments, type Segments } from "./trace/segments.ts";
export {
  encodeEnvelope,
  type FromGroup,
  readFromGroup,
  readToGroup,
  type ToGroup,
} from "./trust-group/envelope.ts";
export { type MemberData, memberArgument } from "./trust-group/member.ts";
