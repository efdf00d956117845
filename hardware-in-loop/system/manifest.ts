/** The system that a station's board runs: a driver for each class that is wired, and a component that watches each fixture. */
import type { Board } from "@bulkhead/protocol/manifest";
import type { Fixture } from "../station/schema.ts";
import type { Station } from "../station/station.ts";

type Use = { readonly from: string; readonly grant: Readonly<Record<string, unknown>> };
type Watcher = {
  /** Folder of manifests/bench. */
  readonly image: string;
  readonly uses: Readonly<Record<string, Use>>;
  readonly config?: Readonly<Record<string, unknown>>;
};

/** So that the smallest board has room for a bench with some wires; a process of these takes 10 MB. */
const memory = "20Mi";

/** The name of the component that watches `fixture`, by which suites find its log. */
export function watcherOf(fixture: Fixture): string {
  const name =
    "name" in fixture
      ? fixture.name
      : "port" in fixture
        ? fixture.port
        : "device" in fixture
          ? fixture.device
          : `${fixture.chip}-${fixture.address.toString(16)}`;
  return `${fixture.kind}-${name}`.toLowerCase().replaceAll("_", "-").slice(0, 31);
}

/** The manifest as data. Folders of images stand beside it under the names that `imagesOf` gives. */
export function manifestOf({ station, board, wiring }: Station, { backend }: Pick<Board, "backend">): object {
  const drivers = driverComponents(wiring, backend);
  const watchers = wiring.map((fixture) => [watcherOf(fixture), { runner: "node", memory, ...componentOf(fixture) }]);
  const plant = { image: "./plant", runner: "node", provides: { bus: "simulated-bus", pins: "simulated-pins" } };
  const needsPlant = backend === "simulated" && ("i2c" in drivers || "gpio" in drivers);
  return {
    system: `bench-${station.replaceAll("/", "-")}`.slice(0, 31),
    version: "1.0.0",
    board,
    components: { ...(needsPlant && { plant }), ...drivers, ...Object.fromEntries(watchers) },
  };
}

/** Folders of the checkout that the manifest's images are. */
export const images: Readonly<Record<string, string>> = {
  plant: "manifests/greenhouse/plant",
  ...Object.fromEntries(
    ["thermometer", "uart-loop", "gpio-loop", "gpio-watch", "watchdog-feeder"].map((name) => [
      name,
      `manifests/bench/${name}`,
    ]),
  ),
};

/** The names of the drivers among the components. */
export function driversOf({ wiring }: Pick<Station, "wiring">): string[] {
  return Object.keys(driverComponents(wiring, "linux"));
}

function driverComponents(wiring: readonly Fixture[], backend: Board["backend"]): Record<string, object> {
  const plant = (service: string) => (backend === "simulated" ? { uses: { plant: `plant.${service}` } } : {});
  const buses = unique(wiring.flatMap((fixture) => (fixture.kind === "i2c" ? [fixture.bus] : [])));
  const ports = unique(wiring.flatMap((fixture) => (fixture.kind === "uart-loopback" ? [fixture.port] : [])));
  const watchdogs = unique(wiring.flatMap((fixture) => (fixture.kind === "watchdog" ? [fixture.device] : [])));
  const hasPins = wiring.some(({ kind }) => kind === "gpio-stimulus" || kind === "gpio-loopback");
  return {
    ...(buses.length > 0 && { i2c: { image: "driver:i2c", memory, devices: buses, ...plant("bus") } }),
    ...(hasPins && { gpio: { image: "driver:gpio", memory, devices: ["gpio"], ...plant("pins") } }),
    ...(watchdogs.length > 0 && { watchdog: { image: "driver:watchdog", memory, devices: watchdogs } }),
    ...(ports.length > 0 && { serial: { image: "driver:serial", memory, devices: ports } }),
  };
}

function componentOf(fixture: Fixture): Watcher {
  switch (fixture.kind) {
    case "i2c": {
      const bus = Number(fixture.bus.replace(/^i2c-/, ""));
      const grant = { bus, address: fixture.address, access: "read" };
      return { image: "./thermometer", uses: { chip: { from: "i2c.device", grant } } };
    }
    case "uart-loopback": {
      const grant = { port: fixture.port, speed: fixture.speed };
      return { image: "./uart-loop", uses: { port: { from: "serial.port", grant } }, config: { speed: fixture.speed } };
    }
    case "watchdog": {
      const { device, timeoutSeconds } = fixture;
      const grant = { device, timeoutSeconds: { min: timeoutSeconds, max: timeoutSeconds }, stoppable: true };
      return {
        image: "./watchdog-feeder",
        uses: { timer: { from: "watchdog.timer", grant } },
        config: { timeoutSeconds },
      };
    }
    case "gpio-loopback":
      return { image: "./gpio-loop", uses: { from: line(fixture.from, "out"), to: line(fixture.to, "in") } };
    case "gpio-stimulus":
      return { image: "./gpio-watch", uses: { pin: line(fixture.pin, "in") } };
  }
}

const line = (pin: string, direction: "in" | "out"): Use => ({ from: "gpio.line", grant: { pin, direction } });
const unique = (names: readonly string[]): string[] => [...new Set(names)];
