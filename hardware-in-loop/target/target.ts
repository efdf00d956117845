/** A board under test, as suites see it: the same whether it is real, emulated, or this machine. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { Agent } from "./agent.ts";

/** `off`: no power. `booting`: power, and nobody to talk to. `shell`: its base system answers. `agent`: the KMS hears of it. */
export type TargetState = "off" | "booting" | "shell" | "agent";

export type Versions = Readonly<Record<string, string>>;

export type Target = {
  readonly state: TargetState;
  /** What its management service knows of it, and lets it do. */
  readonly agent: Omit<Agent, "forget" | "untilReady">;
  /** Gives it power and waits until the KMS hears that all its components are ready. Throws TARGET_NOT_REACHED. */
  toAgent(boundMs: number): Promise<DeviceStatus>;
  /** Takes the power away, in whatever it is doing. */
  cutPower(): Promise<void>;
  /** What its console has said up to now. */
  console(): Promise<string>;
  /** What ran: for the report. */
  versions(): Promise<Versions>;
  /** Gives the bench back. */
  close(): Promise<void>;
};
