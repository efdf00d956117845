/** A copy of the example whose sources a test changes, and the system that is started of it again and again. */
import { appendFile, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { StudioClient } from "../../../studio/src/api/client.ts";
import { bulkheadDirectory, exampleManifest } from "../../../studio/src/locations.ts";
import { endHard, forgetSystem, type Launched, launchProcess } from "../../first-light/launched.ts";

export type Changing = {
  /** A file of the copy. */
  file(path: string): string;
  addToClimate(code: string): Promise<void>;
  start(): Launched;
  /** Ends it as Ctrl-C does. */
  end(): Promise<void>;
  /** All that the newest start has said. */
  said(): string;
  /** The one device there is: its id, and the release that it says it runs. */
  device(client: StudioClient): Promise<{ id: string; counter: number | undefined }>;
};

/** Makes the copy before all tests of a file, and leaves nothing of it. */
export function changingExample(name: string): Changing {
  let folder = "";
  let system: Launched;

  // Inside the checkout, so that the copy finds its packages.
  beforeAll(async () => {
    await forgetSystem(name);
    const base = join(bulkheadDirectory, ".cache");
    await mkdir(base, { recursive: true });
    folder = await mkdtemp(join(base, "again-"));
    await cp(dirname(exampleManifest), folder, { recursive: true });
  });
  afterEach(() => endHard(system));
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await forgetSystem(name);
  });

  const file = (path: string) => join(folder, path);
  return {
    file,
    addToClimate: (code) => appendFile(file("climate/main.ts"), `\n${code}\n`),
    start() {
      system = launchProcess(name, ["--manifest", file("manifest.yaml")]);
      return system;
    },
    async end() {
      system.signal("SIGINT");
      expect(await system.ended).toBe(0);
    },
    said: () => system.said(),
    async device(client) {
      const [device, ...more] = await client.devices();
      expect(more).toEqual([]);
      const id = device?.id ?? "";
      return { id, counter: (await client.status(id)).status?.release.releaseCounter };
    },
  };
}
