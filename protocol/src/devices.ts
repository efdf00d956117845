/**
 * Devices as a system names them: where the root server looks for the nodes, the attributes and the network interfaces that a
 * driver gets. A controller goes by the kernel's own name for it, which a device tree fixes; numbers that the kernel
 * gives out as it finds things (gpiochip3, pwmchip0, can0) are in no system.
 */
import { z } from "zod";

/** The classes of devices, each with a driver image of its name. */
export const deviceClasses = ["gpio", "i2c", "serial", "spi", "can", "pwm", "adc", "rtc", "leds", "watchdog"] as const;
export type DeviceClass = (typeof deviceClasses)[number];

/** The board's name of a device: `gpio`, `i2c-2`, `ttyS4`, `spi-1.0`. */
export const deviceNameSchema = z
  .string()
  .regex(/^[a-z][A-Za-z0-9-]{0,31}(\.[0-9]{1,3})?$/, "a device has a name like i2c-2, ttyS4 or spi-1.0");

/** A device node of the board, by its path there. */
export const deviceNodeSchema = z
  .string()
  .regex(/^\/dev\/[A-Za-z][A-Za-z0-9._-]{0,63}$/, "a device node is /dev/<name>");

/**
 * A controller as the kernel calls it in /sys/bus/<bus>/devices: `44e07000.gpio`; with the address of a chip behind it where the controller is
 * an I2C bus: `30a40000.i2c/0x21`.
 */
export const controllerSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9:._,@+-]{0,63}(\/0x[0-7][0-9a-f])?$/,
    "a controller goes by the kernel's name for it (44e07000.gpio), with the address of a chip on it (30a40000.i2c/0x21)",
  );

/** What the kernel calls the kinds of device nodes (the link `subsystem` of /sys/dev/char/<major>:<minor>). */
export const nodeSubsystems = ["gpio", "i2c-dev", "spidev", "tty", "rtc", "watchdog"] as const;
export type NodeSubsystem = (typeof nodeSubsystems)[number];
const nodeSubsystem = z.enum(nodeSubsystems);

/** Where a node is: the path alone is a serial port's; all others say what they must be. */
export const nodePlaceSchema = z.union([
  deviceNodeSchema,
  z.strictObject({ subsystem: nodeSubsystem, node: deviceNodeSchema }),
  /** `index`: the chip select of a SPI controller. */
  z.strictObject({
    subsystem: nodeSubsystem,
    at: controllerSchema,
    index: z.number().int().min(0).max(255).optional(),
  }),
]);
export type NodePlace = z.infer<typeof nodePlaceSchema>;

export const attributeSubsystems = ["gpio", "pwm", "iio", "leds", "rtc", "watchdog"] as const;
export type AttributeSubsystem = (typeof attributeSubsystems)[number];

/** A label may hold what a device tree writes: `beaglebone:green:usr2`. */
export const ledLabelSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9:_.,+-]{0,63}$/, "a LED goes by its label in /sys/class/leds");

const attributeTerms = {
  /** False: it may read. True: the attributes that its class needs are its own to write. */
  write: z.boolean(),
  /** Lines of a GPIO controller, channels of a PWM controller: exported before it starts. */
  export: z.array(z.number().int().min(0).max(1023)).max(256).optional(),
};

/** A directory of attributes in sysfs. */
export const attributesPlaceSchema = z.union([
  z.strictObject({ subsystem: z.enum(attributeSubsystems), at: controllerSchema, ...attributeTerms }),
  z.strictObject({ subsystem: z.literal("leds"), label: ledLabelSchema, ...attributeTerms }),
]);
export type AttributesPlace = z.infer<typeof attributesPlaceSchema>;

const bitrate = z.number().int().min(1000).max(1_000_000);

/** A CAN interface: moved into the driver's network namespace under the board's name, and brought up at this speed. */
export const interfacePlaceSchema = z.strictObject({
  at: controllerSchema,
  bitrate,
  /** Of the data of a CAN FD frame. */
  dataBitrate: z.number().int().min(1000).max(8_000_000).optional(),
});
export type InterfacePlace = z.infer<typeof interfacePlaceSchema>;

/** Where a sandbox shows directories of attributes, each under the board's name. */
export const devicesDirectory = "/run/devices";
/** Where a sandbox shows the lines that were exported for it: the kernel's own place, which package onoff knows. */
export const gpioClassDirectory = "/sys/class/gpio";

/**
 * Where a sandbox shows the node of a device: under the board's name. A chip on a SPI bus (`spi-1.0`) has the kernel's form of that, which package
 * spi-device looks for.
 */
export function shownNode(name: string): string {
  return `/dev/${name.replace(/^spi-(?=\d+\.\d+$)/, "spidev")}`;
}
