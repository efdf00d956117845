/**
 * What a driver gets of its devices: nodes, attributes, interfaces, and what its configuration says of them. Pure; judges
 * nothing. Of a device with many lines or channels only what a grant names is given.
 */
import type { AttributesPlace, InterfacePlace, NodePlace, NodeSubsystem } from "../devices.ts";
import type { Channel } from "../system.ts";
import { driverClassOf } from "./analysis.ts";
import type { Board } from "./board.ts";
import type { BoardDevice } from "./board-devices.ts";
import type { PlannedComponent } from "./plan.ts";
import type { ComponentWritten } from "./written.ts";

type Claims = Pick<PlannedComponent, "nodes" | "attributes" | "interfaces">;
type Named<T> = [name: string, place: T][];
type Found = { nodes?: Named<NodePlace>; attributes?: Named<AttributesPlace>; interfaces?: Named<InterfacePlace> };
type Pins = { [pin: string]: { bank: number; line: number } };
type DriverConfig = { backend: Board["backend"]; interface?: GpioInterface; pins?: Pins };
type Gpio = BoardDevice & { class: "gpio" };

export type GpioInterface = "chardev" | "sysfs";
type Line = { readonly pin: string; readonly bank: number; readonly line: number };

/** Only a board with hardware has any. `channels`: those that the driver provides. */
export function claimsOf(written: ComponentWritten, board: Board, channels: readonly Channel[]): Claims {
  if (board.backend === "simulated") return {};
  const found = (written.devices ?? []).map((name): Found => {
    const device = Object.hasOwn(board.devices, name) ? board.devices[name] : undefined;
    if (device === undefined || device.class !== driverClassOf(written.image)) return {};
    if (device.class !== "gpio") return placesOf(name, device, channels);
    return gpioPlaces(name, device, gpioInterface(written, device), linesOf(board, channels));
  });
  const join = <T>(places: Named<T>) => (places.length > 0 ? Object.fromEntries(places) : undefined);
  return present({
    nodes: join(found.flatMap(({ nodes = [] }) => nodes)),
    attributes: join(found.flatMap(({ attributes = [] }) => attributes)),
    interfaces: join(found.flatMap(({ interfaces = [] }) => interfaces)),
  });
}

/** What the configuration of a driver says beside what the author wrote. */
export function driverConfig(written: ComponentWritten, board: Board, channels: readonly Channel[]): DriverConfig {
  const backend = { backend: board.backend };
  const gpio = Object.hasOwn(board.devices, "gpio") ? board.devices["gpio"] : undefined;
  if (board.backend === "simulated" || driverClassOf(written.image) !== "gpio" || gpio?.class !== "gpio")
    return backend;
  const pins = linesOf(board, channels).map(({ pin, bank, line }) => [pin, { bank, line }] as const);
  return { ...backend, interface: gpioInterface(written, gpio), pins: Object.fromEntries(pins) };
}

function placesOf(name: string, device: Exclude<BoardDevice, Gpio>, channels: readonly Channel[]): Found {
  const node = (place: NodePlace): Found => ({ nodes: [[name, place]] });
  switch (device.class) {
    case "serial":
      return node(device.at === undefined ? (device.node ?? `/dev/${name}`) : { subsystem: "tty", at: device.at });
    case "i2c":
      return node(nodePlace("i2c-dev", device, `/dev/${name}`));
    case "spi":
      return node(nodePlace("spidev", { ...device, index: device["chip-select"] ?? 0 }, ""));
    case "can": {
      const dataBitrate = device["data-bitrate"];
      const speeds = { bitrate: device.bitrate, ...(dataBitrate !== undefined && { dataBitrate }) };
      return { interfaces: [[name, { at: device.at ?? "", ...speeds }]] };
    }
    case "pwm": {
      const exported = ascending(
        channels.map(({ grant }) => (grant["device"] === name ? grant["channel"] : undefined)),
      );
      return { attributes: [[name, { subsystem: "pwm", at: device.at ?? "", write: true, export: exported }]] };
    }
    case "adc":
      return { attributes: [[name, { subsystem: "iio", at: device.at ?? "", write: false }]] };
    case "leds":
      return { attributes: [[name, { subsystem: "leds", label: device.label ?? "", write: true }]] };
    // The node sets and feeds, the attributes tell.
    case "rtc":
    case "watchdog": {
      const place = { subsystem: device.class, at: device.at ?? "" };
      return { nodes: [[name, place]], attributes: [[name, { ...place, write: false }]] };
    }
  }
}

type Where = { readonly at?: string | undefined; readonly node?: string | undefined; readonly index?: number };

function nodePlace(subsystem: NodeSubsystem, { at, node, index }: Where, usual: string): NodePlace {
  if (at === undefined) return { subsystem, node: node ?? usual };
  return { subsystem, at, ...(index !== undefined && { index }) };
}

/** Of each controller with a line that is granted: its node, or its attributes with those lines exported. */
function gpioPlaces(name: string, device: Gpio, how: GpioInterface, lines: readonly Line[]): Found {
  const banks = ascending(lines.map(({ bank }) => bank)).flatMap((bank) => {
    const at = device.controllers?.[bank];
    return at === undefined ? [] : [{ bank, at, place: `${name}-${bank}` }];
  });
  if (how === "chardev") return { nodes: banks.map(({ place, at }) => [place, { subsystem: "gpio", at }]) };
  return {
    attributes: banks.map(({ bank, place, at }) => {
      const exported = ascending(lines.map((each) => (each.bank === bank ? each.line : undefined)));
      return [place, { subsystem: "gpio", at, write: true, export: exported }];
    }),
  };
}

function gpioInterface({ config }: ComponentWritten, device: Gpio): GpioInterface {
  const asked = config?.["interface"];
  return asked === "sysfs" || asked === "chardev" ? asked : (device.interface ?? "chardev");
}

/** The pins that the grants of `channels` name, one or several, and where the board has them. */
function linesOf({ pins }: Board, channels: readonly Channel[]): Line[] {
  return channels.flatMap(({ grant: { pin, pins: several } }) => {
    const named = [pin, ...(Array.isArray(several) ? several : [])].filter((each) => typeof each === "string");
    return named.flatMap((each): Line[] => {
      const { bank, line } = (Object.hasOwn(pins, each) ? pins[each] : undefined) ?? {};
      return bank === undefined || line === undefined ? [] : [{ pin: each, bank, line }];
    });
  });
}

function ascending(values: readonly unknown[]): number[] {
  const numbers = values.filter((value) => typeof value === "number");
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** `values` without the members that are undefined. */
function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
