/** `--list`: the stations there are. One whose file is wrong hides no other, and is named with what is wrong. */
import { formatError, reportError } from "@bulkhead/protocol";
import type { Station } from "../station/station.ts";

export type Listed = { readonly name: string } & ({ readonly station: Station } | { readonly error: string });

export async function readStations(
  names: readonly string[],
  load: (name: string) => Promise<{ readonly station: Station }>,
): Promise<Listed[]> {
  const read = async (name: string): Promise<Listed> => {
    try {
      return { name, station: (await load(name)).station };
    } catch (error) {
      return { name, error: formatError(reportError(error)) };
    }
  };
  return Promise.all(names.map(read));
}

export function describeStations(stations: readonly Listed[]): string {
  return stations
    .map((one) => ("station" in one ? `${one.station.title}\n  ${one.station.capabilities.join(", ")}` : one.error))
    .map((said, at) => `${stations[at]?.name}  ${said}\n`)
    .join("");
}
