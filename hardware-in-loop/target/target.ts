/** A board under test, as suites see it: the same whether it is real, emulated, or this machine. */
import type { DeviceStatus } from "@bulkhead/protocol";
import type { Agent, Publication } from "./agent.ts";

/** `off`: no power. `booting`: power, and nobody to talk to. `shell`: its base system answers. `agent`: the KMS hears of it. */
export type TargetState = "off" | "booting" | "shell" | "agent";

/** A root shell of the board's base system: bash, on its console or by ssh. */
export type Shell = {
  /** Runs a command line of the board's own shell and gives what it said. Throws DEVICE_FAILED where it fails, TARGET_NOT_REACHED. */
  run(command: string, boundMs: number): Promise<string>;
  /** Types a command after which nobody answers. */
  start(command: string): void;
};

/** A start of the board that nobody has asked it for. */
export type StartWatch = {
  /** Waits for it; `atMs` is when it was, on performance.now()'s clock. Throws TARGET_NOT_REACHED. */
  seen(boundMs: number): Promise<{ readonly atMs: number }>;
};

/** What the bench does to the board, by the names of its file. */
export type BenchStimulus = {
  pin(name: string, level: 0 | 1): Promise<void>;
  /** What a chip measures, by the name of its component (`i2c-tmp105-48`). */
  temperature(chip: string, milliCelsius: number): Promise<void>;
};

export type Versions = Readonly<Record<string, string>>;

export type Target = {
  readonly state: TargetState;
  /** What its management service knows of it, and lets it do. */
  readonly agent: Omit<Agent, "forget" | "untilReady">;
  /** Gives it power and waits until the KMS hears that all its components are ready. Throws TARGET_NOT_REACHED. */
  toAgent(boundMs: number): Promise<DeviceStatus>;
  /** Takes the power away, in whatever it is doing. */
  cutPower(): Promise<void>;
  /** The board starts anew by itself, or is about to: what was heard up to now says nothing of what comes. */
  expectRestart(): void;
  /** Gives it power and waits until its base system has a shell. Capability `shell`. */
  toShell?(boundMs: number): Promise<Shell>;
  /** Where something but the console tells that the board has started anew; asked while it has a shell. */
  watchStart?(): Promise<StartWatch>;
  /** Capability `stimulus`. */
  readonly stimulus?: BenchStimulus;
  /** Makes the next release of the station's system, with another version, and gives it to the service. Capability `release`. */
  publishNext?(): Promise<Publication>;
  /**
   * Makes the next release with a base system of its own, and gives it to the service; `isBroken`: one whose kernel is none. Capability `base-system`.
   */
  publishBase?(isBroken: boolean): Promise<Publication & { readonly base: string }>;
  /** Says to the boot loader, while the board is off, that slot b is to be tried. Capability `slots`. */
  trySlotB?(): Promise<void>;
  /** What its console has said up to now. */
  console(): Promise<string>;
  /** What ran: for the report. */
  versions(): Promise<Versions>;
  /** Gives the bench back. */
  close(): Promise<void>;
};
