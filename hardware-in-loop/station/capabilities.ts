/** Capabilities: what a test asks a station for, by names that both spell alike. */
import { machines } from "../target/emulated/machines.ts";
import type { Fixture, StationWritten } from "./schema.ts";

/** `i2c:tmp105@0x48`, `gpio-stimulus:BUTTON`, `uart-loopback:ttyS4`, `fed-watchdog:watchdog-1`. */
export function capabilityOf(fixture: Fixture): string {
  switch (fixture.kind) {
    case "i2c":
      return `i2c:${fixture.chip}@0x${fixture.address.toString(16).padStart(2, "0")}`;
    case "uart-loopback":
      return `uart-loopback:${fixture.port}`;
    case "watchdog":
      return `fed-watchdog:${fixture.device}`;
    default:
      return `${fixture.kind}:${fixture.name}`;
  }
}

/** What a target can do by itself, whatever is wired to it. */
function ofTarget(target: StationWritten["target"]): string[] {
  if (target.kind === "local") return ["agent", "commands", "release", "console", "power-cut"];
  if (target.kind === "emulated") {
    const watchdog = machines[target.machine].hasWatchdog ? ["watchdog"] : [];
    const ofAll = [
      "agent",
      "commands",
      "release",
      "console",
      "power-cut",
      "shell",
      "stimulus",
      "slots",
      "kernel-tunnel",
    ];
    // The bench's own loader reads a slot's kernel once, when the card is flashed.
    const base = machines[target.machine].start.by === "loader" ? ["base-system"] : [];
    return [...ofAll, ...watchdog, ...base];
  }
  const when = (has: unknown, capability: string) => (has ? [capability] : []);
  return [
    "agent",
    ...when(target.operator, "commands"),
    ...when(target.console, "console"),
    ...when(target.power, "power-cut"),
    ...when(target.ssh, "shell"),
  ];
}

/** All that a station provides. */
export function capabilitiesOf({ target, wiring }: Pick<StationWritten, "target" | "wiring">): string[] {
  const driven = wiring
    .filter((one) => one.kind === "i2c" && one.driven)
    .map((one) => capabilityOf(one).replace("i2c", "temperature"));
  return [...ofTarget(target), ...wiring.map(capabilityOf), ...driven];
}

/** Those of `needs` that are not there. A need without a name (`uart-loopback`) takes any of its kind. */
export function missingCapabilities(needs: readonly string[], provided: readonly string[]): string[] {
  const isThere = (need: string) => provided.some((one) => one === need || one.startsWith(`${need}:`));
  return needs.filter((need) => !isThere(need));
}

/** What is wired to a station of one kind. */
export function fixturesOf<K extends Fixture["kind"]>({ wiring }: Pick<StationWritten, "wiring">, kind: K) {
  return wiring.filter((fixture): fixture is Extract<Fixture, { kind: K }> => fixture.kind === kind);
}
