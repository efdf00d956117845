/** A board under test, as suites see it: the same whether it is real, emulated, or this machine. */
import type { DeviceStatus } from "@bulkhead/protocol";

/** `off`: no power. `booting`: power, and nobody to talk to. `shell`: its base system answers. `agent`: the KMS hears of it. */
export type TargetState = "off" | "booting" | "shell" | "agent";

export type Versions = Readonly<Record<string, string>>;

export type Target = {
  readonly state: TargetState;
  /** Gives it power and waits until the KMS hears that all its components are ready. Throws TARGET_NOT_REACHED. */
  toAgent(boundMs: number): Promise<DeviceStatus>;
  /** Takes the power away, in whatever it is doing. */
  cutPower(): Promise<void>;
  /** The newest state that it reported since it was last switched on; undefined where it has reported none. */
  status(): Promise<DeviceStatus | undefined>;
  /** Stops and starts one component, as an operator does; resolves when the device has done so. */
  restartComponent(component: string, boundMs: number): Promise<void>;
  /** The first line of a component's log that matches. Throws DEADLINE_EXCEEDED. */
  logLine(component: string, pattern: RegExp, boundMs: number): Promise<string>;
  /** What its console has said up to now. */
  console(): Promise<string>;
  /** What ran: for the report. */
  versions(): Promise<Versions>;
  /** Gives the bench back. */
  close(): Promise<void>;
};
