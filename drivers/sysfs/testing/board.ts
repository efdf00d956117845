/** What specifications on boards need of the kernel: modules, a device's directory wherever its number has put it, unplugging. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Loads `module`, which nothing else may have asked for yet. */
export const load = (module: string) => promisify(execFile)("modprobe", [module]);

/** The one directory in `folder` whose name `pattern` matches. */
export async function findIn(folder: string, pattern: RegExp): Promise<string> {
  const found = (await readdir(folder)).filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${folder} has ${found.length} of ${pattern}`);
  return join(folder, found[0] as string);
}

/** The first of some controllers that this board has, by the kernel's names on `bus`. */
export function firstOf(bus: "platform" | "i2c" | "pci", names: readonly string[]): string {
  const found = names.find((name) => existsSync(join("/sys/bus", bus, "devices", name)));
  if (found === undefined) throw new Error(`this board has none of ${names.join(", ")}`);
  return found;
}

export const textOf = async (path: string): Promise<string> => (await readFile(path, "latin1")).trim();

/** Takes `device` away from its driver in the kernel, as an unplugged one goes; gives back what brings it again. */
export async function unbind(driver: string, device: string): Promise<() => Promise<void>> {
  await writeFile(join(driver, "unbind"), device);
  return () => writeFile(join(driver, "bind"), device);
}

/** A directory where a driver finds its devices by the board's names, as its sandbox has it. */
export async function showDevices(find: () => Promise<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "bulkhead-devices-"));
  async function show(): Promise<void> {
    for (const [name, place] of Object.entries(await find())) {
      await rm(join(directory, name), { force: true });
      await symlink(place, join(directory, name));
    }
  }
  await show();
  return { directory, show, close: () => rm(directory, { recursive: true }) };
}
