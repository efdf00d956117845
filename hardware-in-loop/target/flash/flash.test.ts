import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeImage } from "../../../studio/src/flash/testing/image.ts";
import { service } from "../../../studio/src/flash/testing/service.ts";
import { loadStation } from "../../run/stations.ts";
import { prepareFlash } from "./flash.ts";

let directory: string;
let image: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bulkhead-flash-"));
  image = makeImage(directory, { sizeMiB: 10, board: "beaglebone-black" }).file;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ["a device's", "taken", { code: "CONFLICT", remedy: expect.stringContaining('--device "taken-2"') }],
  [
    "that of a board whose token is open",
    "awaited",
    { code: "CONFLICT", remedy: expect.stringContaining('bulkhead device withdraw "awaited"') },
  ],
])("[K19] a board is not switched off for a name that is %s", async (_, device, error) => {
  const { station, board } = await loadStation("bench/beaglebone-black", device);
  const touched = join(directory, `${device}-touched`);
  const power = { on: ["touch", touched], off: ["touch", touched], boundMs: 10_000 };
  if (station.target.kind !== "board") throw new Error("the station has no board");
  const bench = { ...station, target: { ...station.target, power } };
  const { client } = service();
  await expect(prepareFlash({ station: bench, board, image }, async () => client)).rejects.toMatchObject(error);
  expect(existsSync(touched)).toBe(false);
});

test("[K19] what a board on a bench is called is a name that the service takes", async () => {
  await expect(loadStation("bench/beaglebone-black", "Bench_1!")).rejects.toMatchObject({ code: "USAGE" });
});
