/** Every other way in which a system on this machine ends: signals, a closed terminal, what dies for good, and being called off while it starts. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { kill } from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../../../studio/src/run/eventually.ts";
import {
  cgroupsOf,
  endHard,
  forgetSystem,
  type Launched,
  launchProcess,
  pathsOf,
  untilNothingRemains,
} from "../../first-light/launched.ts";

const name = "endtest";
const paths = pathsOf(name);
const record = join(paths.stateDir, "instance.json");

let system: Launched;

beforeAll(() => forgetSystem(name));
afterAll(() => forgetSystem(name));
afterEach(() => endHard(system));

describe("[S5] ended by other means", () => {
  it("ends in order at SIGTERM", async () => {
    system = launchProcess(name);
    await system.up();
    const footprint = await system.footprint();
    kill(system.pid, "SIGTERM");
    expect(await system.ended).toBe(0);
    await untilNothingRemains(footprint, name);
    expect([await cgroupsOf(name), existsSync(record)]).toEqual([[], false]);
  });

  it("ends in order when its terminal is closed, although nobody hears it any more", async () => {
    system = launchProcess(name);
    await system.up();
    const footprint = await system.footprint();
    system.closeTerminal();
    system.signal("SIGHUP");
    expect(await system.ended).toBe(0);
    await untilNothingRemains(footprint, name);
    expect([await cgroupsOf(name), existsSync(record)]).toEqual([[], false]);
  });

  it("ends in order with a reason when the world dies", async () => {
    system = launchProcess(name);
    await system.up();
    const footprint = await system.footprint();
    kill(await system.processOf(/^unshare .*world\/main\.ts/), "SIGKILL");
    expect([await system.ended, system.said()]).toEqual([
      1,
      expect.stringMatching(/^SYSTEM_ENDED: the world has ended \(SIGKILL\).*\n {2}→ /m),
    ]);
    await untilNothingRemains(footprint, name);
    expect([await cgroupsOf(name), existsSync(record)]).toEqual([[], false]);
  });

  it("ends in order with a reason when PostgreSQL does not come back", async () => {
    system = launchProcess(name);
    await system.up();
    const footprint = await system.footprint();
    const version = join(paths.stateDir, "postgres/data/global/pg_control");
    const control = await readFile(version);
    await writeFile(version, "");
    try {
      kill(await system.processOf(/bin\/postgres --config-file/), "SIGKILL");
      expect([await system.ended, system.said()]).toEqual([
        1,
        expect.stringMatching(/^SYSTEM_ENDED: PostgreSQL does not come back/m),
      ]);
    } finally {
      await writeFile(version, control);
    }
    await untilNothingRemains(footprint, name);
  });
});

describe("[S5] called off while it starts", () => {
  it.each([
    ["when the database is up", /✓ starting PostgreSQL/, false],
    ["when the service is up", /✓ starting the management service/, false],
    ["when the world is up", /✓ making the world/, false],
    ["while the device boots", /✓ signing the release/, false],
    ["the very first time", /✓ starting PostgreSQL/, true],
  ])("takes down what is up and exits 130: %s", async (_, moment, anew) => {
    if (anew) await forgetSystem(name);
    system = launchProcess(name);
    await system.says(moment);
    await eventually(
      "it to have something",
      5_000,
      async () => (await system.footprint()).pids.length > 0 || undefined,
    );
    const footprint = await system.footprint();
    system.signal("SIGINT");
    expect([await system.ended, system.said()]).toEqual([130, expect.not.stringMatching(/^[A-Z_]+: /m)]);
    await untilNothingRemains(footprint, name);
    expect([await cgroupsOf(name), existsSync(record)]).toEqual([[], false]);
  });
});
