/** The station of one language for a group of tests: built once, started where a test asks for it, ended after that test. */
import { rm } from "node:fs/promises";
import type { Channel } from "@bulkhead/protocol";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { languages } from "./languages.ts";
import { type Station, startStation } from "./station.ts";

type Language = Pick<(typeof languages)[number], "build" | "skip">;

/** To be called where the tests are described. They are skipped where the language has no compiler here. */
export function stationOf({ build, skip }: Language): (channel?: Partial<Channel>) => Promise<Station> {
  let built: Awaited<ReturnType<typeof build>> | undefined;
  let station: Station | undefined;

  beforeAll(async () => {
    if (!skip) built = await build();
  });
  beforeEach((context) => context.skip(skip, "its compiler is not installed"));
  afterEach(() => station?.close());
  afterAll(() => built && rm(built.directory, { recursive: true, force: true }));

  return async (channel) => {
    station = await startStation(built?.command ?? [], channel);
    return station;
  };
}
