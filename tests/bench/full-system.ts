/** The ten idle components in a whole system, started as `npm start` does: with all core servers and a management service. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../../studio/src/run/eventually.ts";
import { forgetSystem, type Launched, launchProcess, pathsOf } from "../first-light/launched.ts";

const name = `bench-${process.pid % 100_000}`;
const manifest = join(import.meta.dirname, "boot/system/manifest.yaml");

export type FullSystem = {
  launched: Launched;
  /** Control groups are named after it. */
  instance: string;
  rootServer(): Promise<number>;
  /** The text of the device's log so far. */
  log(): Promise<string>;
  end(): Promise<void>;
};

export async function startFullSystem(): Promise<FullSystem> {
  const launched = launchProcess(name, ["--manifest", manifest]);
  const paths = pathsOf(name);
  const end = async () => {
    launched.signal("SIGTERM");
    await launched.ended;
    await forgetSystem(name);
  };
  try {
    await launched.says(/Ctrl-C ends it/, 90_000);
  } catch (error) {
    await end();
    throw error;
  }
  const log = async () => {
    const files = (await readdir(paths.logDir)).filter((file) => !/^(kms|gateway)/.test(file));
    return (await Promise.all(files.map((file) => readFile(join(paths.logDir, file), "utf8")))).join("\n");
  };
  const record = JSON.parse(
    await readFile(join(paths.stateDir, "devices", await deviceOf(paths.devicesDir), "root-server.json"), "utf8"),
  );
  return {
    launched,
    instance: String(record.instance),
    log,
    end,
    rootServer: () => launched.processOf(/^\S+ \S*root-server\.js/),
  };
}

async function deviceOf(devicesDir: string): Promise<string> {
  const [device] = await eventually("the device's directory", 5_000, async () => {
    const found = await readdir(devicesDir);
    return found.length > 0 ? found : undefined;
  });
  return device ?? "";
}
