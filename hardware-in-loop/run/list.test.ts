import { BulkheadError } from "@bulkhead/protocol";
import { expect, test } from "vitest";
import { describeStations, readStations } from "./list.ts";
import { loadStation } from "./stations.ts";

test("[K19] a station whose file is wrong hides no other from the list, and is named with its error", async () => {
  const stations = await readStations(["bench/broken", "virtual"], async (name) => {
    if (name === "virtual") return loadStation(name);
    throw new BulkheadError("STATION_INVALID", `the station \`${name}\` cannot be used`);
  });
  const said = describeStations(stations);
  expect(said).toMatch(/^bench\/broken {2}.*STATION_INVALID.*cannot be used$/m);
  expect(said).toMatch(/^virtual {2}.+\n {2}agent, commands/m);
});
