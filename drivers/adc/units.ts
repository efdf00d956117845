/** The units of industrial I/O, by kind of input, after scale and offset (Documentation/ABI/testing/sysfs-bus-iio). */
const units: Readonly<Record<string, string>> = {
  voltage: "mV",
  altvoltage: "mV",
  current: "mA",
  power: "mW",
  resistance: "Ω",
  capacitance: "nF",
  temp: "m°C",
  pressure: "kPa",
  humidityrelative: "m%",
  illuminance: "lx",
  accel: "m/s²",
  anglvel: "rad/s",
  magn: "G",
  angl: "rad",
  distance: "m",
  proximity: "",
};

/** Of `voltage0`: `voltage`. */
export const kindOf = (channel: string): string => /^[a-z]+/.exec(channel)?.[0] ?? "";

/** Empty where the kind is not known or has none. */
export function unitOf(channel: string): string {
  const kind = kindOf(channel);
  return (Object.hasOwn(units, kind) ? units[kind] : undefined) ?? "";
}
