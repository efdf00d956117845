/**
 * A directory of attributes in sysfs, for one driver: to read, and where the system says so the attributes that its class needs are
 * its own to write. Lines and channels are exported here: who may export one may export all.
 */
import { chown, readdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type AttributeSubsystem,
  type AttributesPlace,
  devicesDirectory,
  gpioClassDirectory,
} from "@bulkhead/protocol";
import type { Mount } from "../../sandbox/index.ts";
import { findBelow, kernelsRoots, type Roots, readAttribute, subsystemOf, type Wanted } from "./find.ts";

const kinds: Readonly<Record<AttributeSubsystem, Wanted>> = {
  // Of the two directories of a controller the one that has `base`, and no node.
  gpio: { subsystem: "gpio", name: /^gpiochip\d+$/, hasNode: false },
  pwm: { subsystem: "pwm", name: /^pwmchip\d+$/ },
  iio: { subsystem: "iio", name: /^iio:device\d+$/ },
  leds: { subsystem: "leds", name: /./ },
  rtc: { subsystem: "rtc", name: /^rtc\d+$/ },
  watchdog: { subsystem: "watchdog", name: /^watchdog\d+$/ },
};

/** What a driver of the class writes, and no other attribute (Documentation/ABI of the kernel). */
const written = {
  gpio: ["direction", "value", "edge", "active_low"],
  pwm: ["period", "duty_cycle", "polarity", "enable"],
  leds: ["brightness", "trigger"],
} as const;

type Target = { readonly name: string; readonly uid: number | null; readonly log: (line: string) => void };

/** The mounts of `name`; none where the kernel has nothing there, as nothing is plugged in. What cannot be exported is told in the log. */
export async function attributeMounts(
  target: Target,
  place: AttributesPlace,
  roots: Roots = kernelsRoots,
): Promise<Mount[]> {
  const directory = await findAttributes(place, roots);
  if (directory === undefined) return [];
  const inside = join(devicesDirectory, target.name);
  const own: Mount[] = [{ kind: "ro", source: directory, target: inside }];
  if (!place.write) return own;
  const { subsystem, export: numbers = [] } = place;
  if (subsystem === "leds") return [...own, ...(await ownFiles(directory, inside, written.leds, target.uid))];
  if (subsystem === "pwm") return [...own, ...(await channels(directory, inside, numbers, target))];
  if (subsystem === "gpio") return [...own, ...(await lines(directory, numbers, target, roots))];
  return own;
}

/** The directory itself, without the links that lead to it. */
export async function findAttributes(place: AttributesPlace, roots: Roots): Promise<string | undefined> {
  if ("at" in place) return findBelow(roots, place.at, kinds[place.subsystem]);
  const path = await realpath(join(roots.sys, "class/leds", place.label)).catch(() => undefined);
  return path !== undefined && (await subsystemOf(path)) === "leds" ? path : undefined;
}

async function channels(
  directory: string,
  inside: string,
  numbers: readonly number[],
  target: Target,
): Promise<Mount[]> {
  await withdraw(directory, numbers);
  const mounts = numbers.map(async (number): Promise<Mount[]> => {
    const name = `pwm${number}`;
    const channel = join(directory, name);
    const isThere = await exported(
      channel,
      join(directory, "export"),
      number,
      `channel ${number} of ${target.name}`,
      target,
    );
    return isThere ? ownFiles(channel, join(inside, name), written.pwm, target.uid) : [];
  });
  return (await Promise.all(mounts)).flat();
}

/** Channels that an earlier generation had, and this one has not: the driver switches off at its start what it sees. */
async function withdraw(directory: string, numbers: readonly number[]): Promise<void> {
  for (const name of await readdir(directory)) {
    const number = /^pwm(\d+)$/.exec(name)?.[1];
    if (number === undefined || numbers.includes(Number(number))) continue;
    await writeFile(join(directory, "unexport"), number).catch(() => undefined);
  }
}

/** Where package onoff looks for them. Their global numbers begin with the controller's base. */
async function lines(directory: string, numbers: readonly number[], target: Target, roots: Roots): Promise<Mount[]> {
  const { base, count } = await numbersOf(directory);
  const mounts = numbers.map(async (number): Promise<Mount[]> => {
    if (number >= count) {
      target.log(`line ${number} of ${target.name} cannot be exported: it has ${count} lines`);
      return [];
    }
    const name = `gpio${base + number}`;
    const all = join(roots.sys, "class/gpio");
    const isThere = await exported(
      join(all, name),
      join(all, "export"),
      base + number,
      `line ${number} of ${target.name}`,
      target,
    );
    if (!isThere) return [];
    const line = await realpath(join(all, name));
    const inside = join(gpioClassDirectory, name);
    return [{ kind: "ro", source: line, target: inside }, ...(await ownFiles(line, inside, written.gpio, target.uid))];
  });
  return (await Promise.all(mounts)).flat();
}

/** What is `count` or more beyond `base` is a line of the controller that has the next numbers. */
async function numbersOf(directory: string): Promise<{ base: number; count: number }> {
  const [base, count] = await Promise.all(["base", "ngpio"].map((name) => readAttribute(directory, name)));
  return base === undefined || count === undefined
    ? { base: 0, count: 0 }
    : { base: Number(base), count: Number(count) };
}

async function exported(
  path: string,
  attribute: string,
  number: number,
  what: string,
  { log }: Target,
): Promise<boolean> {
  const isThere = () =>
    realpath(path).then(
      () => true,
      () => false,
    );
  if (await isThere()) return true;
  await writeFile(attribute, `${number}`).catch((error: Error) => log(`${what} cannot be exported: ${error.message}`));
  return isThere();
}

/** Each file by itself: the directory stays read-only, with all that the kernel shows beside them. */
async function ownFiles(
  directory: string,
  inside: string,
  files: readonly string[],
  uid: number | null,
): Promise<Mount[]> {
  const mounts = files.map(async (file): Promise<Mount[]> => {
    const source = join(directory, file);
    if ((await readAttribute(directory, file)) === undefined) return [];
    if (uid !== null) await chown(source, uid, uid);
    return [{ kind: "rw", source, target: join(inside, file) }];
  });
  return (await Promise.all(mounts)).flat();
}

/** Gives back lines that were exported for a driver that now has the controller's node: the kernel calls them busy. */
export async function unexportLines(
  at: string,
  numbers: readonly number[],
  roots: Roots = kernelsRoots,
): Promise<void> {
  const directory = await findBelow(roots, at, kinds.gpio);
  if (directory === undefined) return;
  const { base, count } = await numbersOf(directory);
  for (const number of numbers.filter((line) => line < count)) {
    const all = join(roots.sys, "class/gpio");
    const isThere = await realpath(join(all, `gpio${base + number}`)).catch(() => undefined);
    if (isThere !== undefined) await writeFile(join(all, "unexport"), `${base + number}`).catch(() => undefined);
  }
}
