/** The add-ons that no package brings ready made for the boards: what each is compiled from. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BulkheadError } from "@bulkhead/protocol";
import { bulkheadDirectory } from "../../locations.ts";

/** `i2c` is ours; the others are the native parts of npm packages of their names, whose JavaScript is not used. */
export type CompiledAddOn = "i2c" | "i2c-bus" | "spi" | "can";

type Recipe = {
  /** Of npm; without it the sources are ours. */
  readonly package?: string;
  readonly folder: string;
  readonly sources: readonly string[];
  /** A package of headers, as the sources' package depends on it. */
  readonly headers?: "nan" | "node-addon-api";
  readonly defines: readonly string[];
};

const recipes: Readonly<Record<CompiledAddOn, Recipe>> = {
  i2c: { folder: "drivers/i2c/native", sources: ["transfer.c"], defines: [] },
  // Its one file includes all others, i2c-dev.h too, which is under the GPL: decision 45.
  "i2c-bus": { package: "i2c-bus", folder: "src", sources: ["i2c.cc"], headers: "nan", defines: [] },
  spi: {
    package: "spi-device",
    folder: "src",
    sources: ["spi.cc", "spidevice.cc", "open.cc", "close.cc", "transfer.cc", "getoptions.cc", "setoptions.cc"],
    headers: "nan",
    defines: [],
  },
  can: {
    package: "socketcan",
    folder: "native",
    sources: ["can.cc"],
    headers: "node-addon-api",
    defines: ["NAPI_DISABLE_CPP_EXCEPTIONS"],
  },
};

export type Sources = {
  readonly folder: string;
  readonly files: readonly string[];
  readonly headers: string | undefined;
  readonly defines: readonly string[];
};

/** Where the sources of an add-on are. Throws BUILD_FAILED where a package is not installed. */
export function findSources(addOn: CompiledAddOn): Sources {
  const { package: name, folder, sources: files, headers, defines } = recipes[addOn];
  if (name === undefined) return { folder: join(bulkheadDirectory, folder), files, headers: undefined, defines };
  const place = locate(name, join(bulkheadDirectory, "drivers"));
  return {
    folder: join(place, folder),
    files,
    headers: headers === undefined ? undefined : locate(headers, place),
    defines,
  };
}

function locate(name: string, from: string): string {
  try {
    return dirname(createRequire(join(from, "package.json")).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new BulkheadError("BUILD_FAILED", `the sources of an add-on are missing: the npm package ${name}`, {
      remedy: "npm ci --ignore-scripts, in the checkout of Bulkhead",
      cause,
    });
  }
}
