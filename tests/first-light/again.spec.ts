/** Between two starts the developer changes the sources: the device that is there gets the new release, as any device would. */
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { StudioClient } from "../../studio/src/api/client.ts";
import { bulkheadDirectory, exampleManifest } from "../../studio/src/locations.ts";
import { eventually } from "../../studio/src/run/eventually.ts";
import { endHard, forgetSystem, type Launched, launchProcess } from "./launched.ts";

const name = "againtest";
let folder = "";
let system: Launched;

/** Inside the checkout, so that the copy of the example finds its packages. */
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

function start(): Launched {
  system = launchProcess(name, ["--manifest", join(folder, "manifest.yaml")]);
  return system;
}

async function end(): Promise<void> {
  system.signal("SIGINT");
  expect(await system.ended).toBe(0);
}

/** The one device there is: its id, and the release that it says it runs. */
async function deviceOf(client: StudioClient): Promise<{ id: string; counter: number | undefined }> {
  const [device, ...more] = await client.devices();
  expect(more).toEqual([]);
  const id = device?.id ?? "";
  return { id, counter: (await client.status(id)).status?.release.releaseCounter };
}

async function addToClimate(code: string): Promise<void> {
  await appendFile(join(folder, "climate/main.ts"), `\n${code}\n`);
}

describe("[S4] sources changed between two starts", () => {
  let first: { id: string; counter: number | undefined };

  it("starts with release 1", async () => {
    first = await deviceOf(await start().up());
    expect(first.counter).toBe(1);
    await end();
  });

  it("starts again without a new release where nothing has changed", async () => {
    expect(await deviceOf(await start().up())).toEqual(first);
    expect(system.said()).not.toMatch(/the sources have changed/);
    await end();
  });

  it("deploys the change to the same device, which runs it", async () => {
    await addToClimate('process.stdout.write("info this is the changed climate\\n");');
    const client = await start().up();
    expect(system.said()).toMatch(/the sources have changed: deploying release 2/);
    expect(await deviceOf(client)).toEqual({ id: first.id, counter: 2 });
    await eventually("the changed component to speak", 10_000, async () => {
      const { lines } = await client.logs(first.id, { component: "climate", limit: 1000 });
      return lines.some(({ text }) => text.includes("this is the changed climate")) || undefined;
    });
    await end();
  });

  it("refuses a change that cannot be built, with the place, and loses nothing", async () => {
    const file = join(folder, "climate/main.ts");
    const good = await readFile(file, "utf8");
    await writeFile(file, `${good}\nconst = ;\n`);
    start();
    const code = await system.ended;
    await writeFile(file, good);
    expect([code, system.said()]).toEqual([1, expect.stringMatching(/climate\/main\.ts:\d+:\d+: BUILD_FAILED: /)]);
    expect(await deviceOf(await start().up())).toEqual({ id: first.id, counter: 2 });
    await end();
  });

  it("says why where the change does not start on the device, and the release before runs on", async () => {
    const file = join(folder, "climate/main.ts");
    const good = await readFile(file, "utf8");
    // Only on the device: one that cannot even be loaded is refused by the build, which loads it.
    await addToClimate('if (process.argv[1] === "/app/main.js") throw new Error("broken on purpose");');
    start();
    const code = await system.ended;
    await writeFile(file, good);
    expect([code, system.said()]).toEqual([1, expect.stringMatching(/^RELEASE_FAILED_TO_START: /m)]);
    const client = await start().up();
    expect((await deviceOf(client)).id).toBe(first.id);
    await end();
  });
});
